import { randomUUID } from "node:crypto";
import { setTimeout as wait } from "node:timers/promises";
import { sign } from "@octokit/webhooks-methods";

/** What becomes of a delivery: sent after so many milliseconds, so many times. None is as if GitHub never made it known. */
export type Fate = readonly number[];

export interface EmulatedDelivery {
  /** Beyond 2^53, as GitHub's are. */
  readonly id: bigint;
  readonly guid: string;
  readonly deliveredAt: Date;
  readonly redelivery: boolean;
  readonly event: string;
  readonly action: string;
  readonly payload: unknown;
  /** 0 when nobody answered. */
  statusCode: number;
  /** Milliseconds. */
  duration: number;
}

/** GitHub gives up after 10 s (facts/github.md §5). */
const TIMEOUT = 10_000;

/** Signs and sends events, and keeps the App's delivery log. */
export class Webhooks {
  /** The App's webhook; `null` while it has none. */
  url: string | null = null;
  /** Decides about each new delivery. */
  fate: (event: string, action: string) => Fate = () => [0];
  readonly log: EmulatedDelivery[] = [];
  readonly #secret: string;
  readonly #hookId: number;
  readonly #over = new AbortController();
  readonly #sending = new Set<Promise<void>>();
  #lastId = 2n ** 60n;

  constructor(secret: string, hookId: number) {
    this.#secret = secret;
    this.#hookId = hookId;
  }

  /** @param payload is serialized at once: what changes later does not change what was sent. */
  emit(event: string, action: string, payload: unknown): void {
    const body = JSON.stringify(payload);
    const guid = randomUUID();
    for (const delay of this.fate(event, action)) {
      this.#track(this.#deliver(guid, event, action, body, delay, false));
    }
  }

  /** As `POST /app/hook/deliveries/{id}/attempts` does. */
  redeliver({ guid, event, action, payload }: EmulatedDelivery): void {
    this.#track(this.#deliver(guid, event, action, JSON.stringify(payload), 0, true));
  }

  async stop(): Promise<void> {
    this.#over.abort();
    await Promise.all(this.#sending);
  }

  #track(delivery: Promise<void>): void {
    const tracked = delivery.finally(() => this.#sending.delete(tracked));
    this.#sending.add(tracked);
  }

  async #deliver(
    guid: string,
    event: string,
    action: string,
    body: string,
    delay: number,
    redelivery: boolean,
  ): Promise<void> {
    const { signal } = this.#over;
    if (delay > 0) await wait(delay, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) return;
    this.#lastId += 1n;
    const delivery: EmulatedDelivery = {
      id: this.#lastId,
      guid,
      deliveredAt: new Date(),
      redelivery,
      event,
      action,
      payload: JSON.parse(body),
      statusCode: 0,
      duration: 0,
    };
    this.log.push(delivery);
    if (this.url === null) return;
    delivery.statusCode = await this.#post(this.url, guid, event, body);
    delivery.duration = Date.now() - delivery.deliveredAt.getTime();
  }

  async #post(url: string, guid: string, event: string, body: string): Promise<number> {
    try {
      const response = await fetch(url, {
        method: "POST",
        headers: {
          "content-type": "application/json",
          "user-agent": "GitHub-Hookshot/0000000",
          "x-github-delivery": guid,
          "x-github-event": event,
          "x-github-hook-id": String(this.#hookId),
          "x-github-hook-installation-target-type": "integration",
          "x-hub-signature-256": await sign(this.#secret, body),
        },
        body,
        signal: AbortSignal.any([this.#over.signal, AbortSignal.timeout(TIMEOUT)]),
      });
      await response.arrayBuffer();
      return response.status;
    } catch {
      return 0;
    }
  }
}
