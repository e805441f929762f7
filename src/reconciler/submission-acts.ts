import pLimit, { type LimitFunction } from "p-limit";
import { intendAllocation, type Allocation } from "../domain/allocation.ts";
import { groupBy } from "../domain/group.ts";
import { poolSubject } from "../domain/hold.ts";
import { ownJobId, pbsNameOf, serverOfQueue } from "../domain/pbs-name.ts";
import { UNKNOWN_LANE, type Lane } from "../domain/lane.ts";
import type { FindOutcome, SubmitOutcome } from "../pbs/pbs.ts";
import type { ActionOf, SubmissionContext } from "./act-context.ts";
import type { ArrayLimits } from "./array-limits.ts";
import { holdBack, letGo } from "./holds.ts";

/**
 * One `qsub` background process serves all calls of a user; beyond four at once nothing is gained (facts/pbs.md §8),
 * and each call without it takes a privileged port for a minute.
 */
const PARALLEL_SUBMISSIONS = 4;
/** Directories made at once: a shared filesystem answers each in its own time. */
const PARALLEL_DIRECTORIES = 32;

/** How allocations come to be in PBS, also when its answer is lost. */
export class SubmissionActs {
  readonly #context: SubmissionContext;
  readonly #arrayLimits: ArrayLimits;
  /** By server: one that hangs keeps nobody else's jobs waiting. */
  readonly #limits = new Map<string | null, LimitFunction>();
  readonly #directories = pLimit(PARALLEL_DIRECTORIES);

  constructor(context: SubmissionContext, arrayLimits: ArrayLimits) {
    this.#context = context;
    this.#arrayLimits = arrayLimits;
  }

  async submit({ lane, allocations }: ActionOf<"submit">): Promise<void> {
    const { store, ports } = this.#context;
    // Written down before anything is done: a crash from here on is healed by looking the names up.
    try {
      store.transaction(() => {
        const now = ports.clock.now();
        for (const each of allocations) store.saveAllocation(intendAllocation(each, lane, now));
      });
    } catch (error) {
      this.#pause(lane.pool, error);
      throw error;
    }
    const names = allocations.map(({ name }) => name);
    const jobs = groupBy(names, (name) => pbsNameOf(name).job);
    const limit = this.#limitFor(serverOfQueue(lane.request.queue));
    await Promise.all([...jobs].map(([job, theirs]) => limit(() => this.#submitJob(job, theirs))));
  }

  /** The next attempt has other names, so that no cool-down meets it: on a full disk the loop would not rest. */
  #pause(pool: string, error: unknown): void {
    const said = error instanceof Error ? error.message : String(error);
    const reason = `what was to be submitted could not be written down: ${said}`;
    try {
      holdBack(this.#context, { subject: poolSubject(pool), reason });
    } catch {
      // Nor can the pause be written; it is heeded all the same.
    }
  }

  #limitFor(server: string | null): LimitFunction {
    const known = this.#limits.get(server) ?? pLimit(PARALLEL_SUBMISSIONS);
    this.#limits.set(server, known);
    return known;
  }

  async #submitJob(job: string, names: readonly string[]): Promise<void> {
    const { store, ports } = this.#context;
    const lane = store.allocations.get(names[0] ?? "")?.lane;
    if (!lane) return;
    const handoffs = await Promise.all(
      names.map((name) => this.#directories(() => ports.handoff.open(name))),
    );
    const outcome = await ports.pbs.submit(ports.describe({ name: job, lane, handoffs }));
    // Some may have announced themselves, and so become known, before qsub answered.
    const open = names.flatMap((name) => store.allocations.get(name) ?? []).filter(isUnsettled);
    this.#settle(open, outcome);
  }

  #settle(allocations: readonly Allocation[], outcome: SubmitOutcome): void {
    const { ports, log } = this.#context;
    const [first] = allocations;
    if (!first) return;
    const subject = poolSubject(first.lane.pool);
    if (outcome.kind === "accepted") return this.#accept(allocations, outcome.jobId);
    const { reason } = outcome;
    // For a command that is missing too, but to look whether it is there again costs PBS nothing.
    const needsPerson = outcome.kind === "refused";
    const nothingDone = outcome.kind === "refused" ? "refused" : "failed";
    const submission = outcome.kind === "unknown" ? "unknown" : nothingDone;
    this.#change(allocations, (each) => ({ ...each, submission, end: reason }));
    if (outcome.kind === "too-many") {
      const { queue } = first.lane.request;
      this.#arrayLimits.learn(queue, outcome.most, outcome.lasting, ports.clock.now());
      log.warn({ queue, reason, most: outcome.most }, "PBS takes no such array");
    } else holdBack(this.#context, { subject, reason, needsPerson });
  }

  #accept(allocations: readonly Allocation[], jobId: string): void {
    const { log } = this.#context;
    const [first] = allocations;
    if (!first) return;
    const { name, lane } = first;
    log.info(
      {
        job: pbsNameOf(name).job,
        allocations: allocations.length,
        pbsJobId: jobId,
        pool: lane.pool,
      },
      "Allocations submitted",
    );
    this.#adopt(allocations, jobId);
  }

  #adopt(allocations: readonly Allocation[], jobId: string): void {
    this.#change(allocations, (each) => ({
      ...each,
      submission: "accepted",
      pbsJobId: ownJobId(each.name, jobId),
      end: null,
    }));
    const [first] = allocations;
    if (first) letGo(this.#context, poolSubject(first.lane.pool));
  }

  async lookUp({ allocation: asked }: ActionOf<"look-up">): Promise<void> {
    const { store, ports, log } = this.#context;
    const { job } = pbsNameOf(asked);
    const lane = store.allocations.get(asked)?.lane;
    if (!lane) return;
    const outcome = await this.#find(job, lane);
    const members = store.allocations.live().filter(({ name }) => pbsNameOf(name).job === job);
    const allocations = members.filter(isUnsettled);
    const last = ports.clock.now();
    if (outcome.kind !== "answered") {
      log.warn({ job, reason: outcome.reason }, "Could not look up a submission");
      this.#change(allocations, (each) => ({ ...each, lookups: { ...each.lookups, last } }));
      return;
    }
    const [pbsJobId] = outcome.jobIds;
    if (pbsJobId === undefined) {
      this.#change(allocations, (each) => ({
        ...each,
        lookups: { times: each.lookups.times + 1, last },
      }));
      return;
    }
    log.info(
      { job, allocations: allocations.length, pbsJobId },
      "Found a submission whose answer was lost",
    );
    this.#adopt(allocations, pbsJobId);
  }

  /** Of one that a lost store does not know, it is not known either to which server it was submitted. */
  async #find(job: string, lane: Lane): Promise<FindOutcome> {
    const { ports, rules } = this.#context;
    const queues =
      lane.key === UNKNOWN_LANE.key ? rules.pools.map(({ queue }) => queue) : [lane.request.queue];
    const perServer = groupBy([...queues, lane.request.queue], serverOfQueue);
    const jobIds: string[] = [];
    for (const [queue = null] of perServer.values()) {
      const outcome = await ports.pbs.find(job, queue);
      if (outcome.kind !== "answered") return outcome;
      jobIds.push(...outcome.jobIds);
    }
    return { kind: "answered", jobIds };
  }

  #change(allocations: readonly Allocation[], change: (each: Allocation) => Allocation): void {
    const { store } = this.#context;
    store.transaction(() => {
      for (const each of allocations) store.saveAllocation(change(each));
    });
  }
}

/** Neither known to PBS nor over. */
function isUnsettled(allocation: Allocation): boolean {
  return allocation.submission !== "accepted" && allocation.endedAt === null;
}
