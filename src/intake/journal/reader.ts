import { setTimeout as wait } from "node:timers/promises";
import type { Logger } from "pino";
import { backoff } from "../../domain/patience.ts";
import { MINUTE, SECOND } from "../../domain/time.ts";
import type { Delivery } from "../intake.ts";
import { parsePayload, PayloadError } from "../payload.ts";
import type { Journal, Unread } from "./journal.ts";
import type { SignedDelivery } from "./record.ts";

/** Dealt with at once: they share a transaction, and whoever comes meanwhile waits for it, some 10 ms. */
const MOST_AT_ONCE = 128;
/**
 * In a flood to answer comes first: reading rests so many times as long as it took, for a second at most. A flood keeps the
 * loop busy for more than this part of the time, and is looked for every so many milliseconds.
 */
const REST_TIMES = 49;
const LONGEST_REST = SECOND;
const BUSY = 0.5;
const LOOK_EVERY = 2;
/** A delivery that could not be stored so many times, over half a minute, is left to GitHub's log of deliveries. */
const MOST_ATTEMPTS = 6;

export interface ReaderOptions {
  readonly journal: Journal;
  /** Resolves when the delivery is stored. May be called again with the same: after it rejected, and after a crash. */
  readonly accept: (delivery: Delivery) => Promise<void>;
  readonly log: Logger;
  /** Milliseconds between the first two attempts at a delivery; doubled for each that follows. */
  readonly retryAfter?: number;
}

/** Deals with what is in the journal, the oldest first: at once in quiet times, little by little in a flood. */
export class JournalReader {
  readonly #options: ReaderOptions;
  readonly #over = new AbortController();
  readonly #running: Promise<void>;
  #wake: () => void = () => undefined;
  /** By `performance.now()`. */
  #restUntil = -Infinity;
  /** So many are dealt with one by one: one of them could not be stored, and must not keep the others. */
  #singly = 0;
  /** Of the oldest. */
  #failures = 0;

  constructor(options: ReaderOptions) {
    this.#options = options;
    this.#running = this.#run();
  }

  /** Something was appended. */
  nudge(): void {
    this.#wake();
  }

  /** Resolves when what was begun is dealt with. The rest stays in the journal. */
  async stop(): Promise<void> {
    this.#over.abort();
    this.#wake();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { journal, log } = this.#options;
    if (!journal.isEmpty)
      log.info("Deliveries that were answered before the last end are read now");
    while (!this.#over.signal.aborted) {
      if (journal.isEmpty) await this.#nudged();
      await this.#rest();
      if (this.#over.signal.aborted || journal.isEmpty) continue;
      const unread = journal.read(this.#singly > 0 ? 1 : MOST_AT_ONCE);
      if (unread.deliveries.length > 0) await this.#deal(unread);
      else {
        log.error("The journal was damaged: what it held is left to GitHub's log of deliveries");
        journal.forget(unread);
      }
    }
  }

  #nudged(): Promise<void> {
    return new Promise((resolve) => (this.#wake = resolve));
  }

  async #rest(): Promise<void> {
    const { journal } = this.#options;
    while (performance.now() < this.#restUntil && !journal.isFull) {
      const before = performance.eventLoopUtilization();
      await this.#pause(LOOK_EVERY);
      if (performance.eventLoopUtilization(before).utilization < BUSY) return;
    }
  }

  async #deal(unread: Unread): Promise<void> {
    const { deliveries } = unread;
    const began = performance.now();
    try {
      await Promise.all(deliveries.map((each) => this.#accept(each)));
    } catch (error) {
      if (deliveries.length > 1) this.#singly = deliveries.length;
      else await this.#fail(unread, error);
      return;
    }
    this.#forget(unread);
    const ended = performance.now();
    this.#restUntil = ended + Math.min(LONGEST_REST, REST_TIMES * (ended - began));
  }

  async #accept({ guid, event, body }: SignedDelivery): Promise<void> {
    const { accept, log } = this.#options;
    let payload;
    try {
      payload = parsePayload(body);
    } catch (error) {
      if (!(error instanceof PayloadError)) throw error;
      log.warn({ guid, event, why: error.message }, "A delivery cannot be read");
      return;
    }
    await accept({ guid, event, payload });
  }

  /** The oldest could not be stored. */
  async #fail(unread: Unread, err: unknown): Promise<void> {
    const { journal, log, retryAfter = SECOND } = this.#options;
    const [{ guid, event } = {}] = unread.deliveries;
    this.#failures += 1;
    journal.refuseWaiting(err);
    if (this.#failures === MOST_ATTEMPTS) {
      log.error({ err, guid, event }, "A delivery is left to GitHub's log of deliveries");
      return this.#forget(unread);
    }
    log.warn({ err, guid, event }, "A delivery cannot be stored; it stays in the journal");
    await this.#pause(backoff(this.#failures, Math.random(), retryAfter, MINUTE));
  }

  #forget(unread: Unread): void {
    this.#failures = 0;
    this.#singly = Math.max(0, this.#singly - unread.deliveries.length);
    this.#options.journal.forget(unread);
  }

  async #pause(ms: number): Promise<void> {
    await wait(ms, undefined, { signal: this.#over.signal }).catch(() => undefined);
  }
}
