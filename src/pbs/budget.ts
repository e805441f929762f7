import Bottleneck from "bottleneck";
import type { PbsCommandName } from "./command.ts";

/**
 * Each command takes a privileged port, which its host's TCP then holds for a minute. A host has 500 of them for all
 * its users; without one every PBS command on it stalls (facts/pbs.md §0.1).
 */
const PORT_HELD = 60_000;
/** Of all calls: however many submissions wait, the others are not kept waiting by those that were made. */
const SHARE_OF_SUBMISSIONS = 0.75;

/** The smaller goes first: what is known of jobs, then what frees nodes, then what asks for more. */
const PRIORITIES: Readonly<Record<PbsCommandName, number>> = {
  qstat: 2,
  qselect: 3,
  qdel: 4,
  qsub: 8,
};

/** How many PBS commands we start in any minute: never more, whatever there is to do. */
export class CallBudget {
  readonly #most: number;
  readonly #held: number;
  readonly #all: Bottleneck;
  readonly #submissions: Bottleneck;

  /** @param held milliseconds for which a call counts after its end. */
  constructor(callsPerMinute: number, held = PORT_HELD) {
    this.#most = callsPerMinute;
    this.#held = held;
    this.#all = new Bottleneck({ reservoir: callsPerMinute });
    const share = Math.max(1, Math.floor(callsPerMinute * SHARE_OF_SUBMISSIONS));
    this.#submissions = new Bottleneck({ reservoir: share });
    this.#submissions.chain(this.#all);
  }

  /** Runs `work` when there is room for it. @param ports how many it takes. */
  run<T>(command: PbsCommandName, ports: number, work: () => Promise<T>): Promise<T> {
    const limiters = command === "qsub" ? [this.#submissions, this.#all] : [this.#all];
    const [limiter = this.#all] = limiters;
    const weight = Math.min(ports, this.#most);
    return limiter.schedule({ priority: PRIORITIES[command], weight }, async () => {
      try {
        return await work();
      } finally {
        const release = (): void => {
          for (const each of limiters) void each.incrementReservoir(weight);
        };
        setTimeout(release, this.#held).unref();
      }
    });
  }
}
