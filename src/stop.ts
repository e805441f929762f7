import type { Logger } from "pino";

/**
 * Aborted by the first SIGTERM or SIGINT: stop taking in, end what was begun. A second signal ends the program at once, as
 * if it had not been caught: whoever sent it sees what it did.
 */
export function stopOnSignals(log: Logger): AbortSignal {
  const stop = new AbortController();
  function onSignal(signal: NodeJS.Signals): void {
    if (stop.signal.aborted) {
      log.warn({ signal }, "Second signal: ending at once");
      process.off(signal, onSignal);
      process.kill(process.pid, signal);
      return;
    }
    log.info({ signal }, "Stopping: finishing what was begun");
    stop.abort();
  }
  process.on("SIGTERM", onSignal).on("SIGINT", onSignal);
  return stop.signal;
}
