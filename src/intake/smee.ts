import { setTimeout as wait } from "node:timers/promises";
import type { Logger } from "pino";
import { SmeeClient } from "smee-client";
import { backoff } from "../domain/patience.ts";
import { MINUTE, SECOND } from "../domain/time.ts";

export interface Smee {
  stop(): Promise<void>;
}

/**
 * Listens to a smee channel and sends what comes to ourselves, with its signature: for development, where GitHub cannot
 * reach us. A channel that cannot be reached is a warning and is tried again, for as long as the program runs.
 */
export function startSmee(options: {
  readonly source: string;
  readonly target: string;
  /** smee-client's own would ask a proxy for us ourselves. */
  readonly fetch?: typeof fetch;
  readonly log: Logger;
}): Smee {
  const over = new AbortController();
  const running = listen(options, over.signal);
  return {
    async stop() {
      over.abort();
      await running;
    },
  };
}

/** Resolves when `signal` is aborted. */
async function listen(
  { source, target, fetch: outgoing, log }: Parameters<typeof startSmee>[0],
  signal: AbortSignal,
): Promise<void> {
  let failures = 0;
  while (!signal.aborted) {
    const lost = new AbortController();
    const client = new SmeeClient({
      source,
      target,
      ...(outgoing ? { fetch: outgoing } : {}),
      logger: {
        info: (message: unknown) => log.debug({ message }, "smee"),
        error: (err: unknown) => log.debug({ err }, "smee"),
      },
    });
    // It has no addEventListener.
    // oxlint-disable-next-line unicorn/prefer-add-event-listener
    client.onopen = () => {
      failures = 0;
      log.info({ source }, "Listening to the smee channel");
    };
    // oxlint-disable-next-line unicorn/prefer-add-event-listener
    client.onerror = () => lost.abort();
    await client.start().catch(() => lost.abort());
    await aborted(AbortSignal.any([signal, lost.signal]));
    await client.stop();
    if (signal.aborted) return;
    failures += 1;
    const delay = backoff(failures, Math.random(), SECOND, MINUTE);
    log.warn(
      { source, seconds: Math.round(delay / 1000) },
      "The smee channel cannot be reached; webhooks do not come through it until it can",
    );
    await wait(delay, undefined, { signal }).catch(() => undefined);
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
