import type { Allocation } from "../domain/allocation.ts";
import { isFault } from "../domain/end-cause.ts";
import { allocationsSubject } from "../domain/hold.ts";
import { UNKNOWN_LANE } from "../domain/lane.ts";
import { endedWell } from "../domain/runner-exit.ts";
import type { ActContext, ActionOf } from "./act-context.ts";
import { closeHandoff, hasRegistrations } from "./handoff-end.ts";
import { holdBack, letGo } from "./holds.ts";
import { seePbsJob } from "./observe.ts";

/** What is done to PBS jobs, once they are submitted, and to their handoff. */
export class AllocationActs {
  readonly #context: ActContext;

  constructor(context: ActContext) {
    this.#context = context;
  }

  async confirmAbsence({ allocation: name }: ActionOf<"confirm-absence">): Promise<void> {
    const { store, ports } = this.#context;
    const pbsJobId = store.allocations.get(name)?.pbsJobId;
    if (pbsJobId === null || pbsJobId === undefined) return;
    const outcome = await ports.pbs.status([pbsJobId], { fresh: true });
    const allocation = store.allocations.get(name);
    if (!allocation || allocation.endedAt !== null) return;
    const job = outcome.kind === "answered" ? outcome.jobs.get(pbsJobId) : undefined;
    const now = ports.clock.now();
    if (job === undefined) {
      // No answer: the misses before it prove nothing, so they are counted anew.
      store.saveAllocation({ ...allocation, absence: null });
    } else if (job === "absent") {
      const absence = allocation.absence ?? { times: 1, since: now };
      store.saveAllocation({ ...allocation, absence: { ...absence, confirmedAt: now } });
    } else {
      seePbsJob(store, allocation, job, now);
    }
  }

  async release({ allocation: name, reason }: ActionOf<"release">): Promise<void> {
    const { ports, log } = this.#context;
    await ports.handoff.release(name);
    log.info({ allocation: name, reason }, "Allocation released");
    this.#change(name, (allocation) => ({
      ...allocation,
      releasedAt: ports.clock.now(),
      end: allocation.end ?? reason,
    }));
  }

  async delete({ allocations, force, reason }: ActionOf<"delete">): Promise<void> {
    const { store, ports, log } = this.#context;
    const ids = allocations.flatMap((name) => store.allocations.get(name)?.pbsJobId ?? []);
    // Seats share the id of their PBS job.
    const outcome = await ports.pbs.delete([...new Set(ids)], { force });
    if (outcome.kind !== "answered") {
      log.warn({ allocations, reason: outcome.reason }, "Could not delete allocations");
    } else if (outcome.refused.size > 0) {
      log.error(
        { refused: Object.fromEntries(outcome.refused) },
        "PBS will not delete allocations of ours",
      );
    } else {
      log.info({ allocations, force, reason }, "Allocations deleted");
    }
    // Counted also when it failed: the next attempt is paced by it.
    store.transaction(() => {
      for (const name of allocations) {
        this.#change(name, (allocation) => ({
          ...allocation,
          deletion: { times: allocation.deletion.times + 1, last: ports.clock.now() },
          end: allocation.end ?? reason,
        }));
      }
    });
  }

  async end({ allocation: name, reason }: ActionOf<"end">): Promise<void> {
    const { ports, log } = this.#context;
    const keeps = hasRegistrations(this.#context, name);
    // A script that is still there, though PBS says it is not, ends either way.
    if (!keeps || !(await this.#isReleased(name))) await ports.handoff.close(name);
    log.info({ allocation: name, reason }, "Allocation ended");
    this.#learn(name, reason);
    this.#change(name, (allocation) => ({
      ...allocation,
      endedAt: ports.clock.now(),
      end: reason,
    }));
    if (keeps) await closeHandoff(this.#context, name);
  }

  /** @returns false if there is no directory to say it in. */
  async #isReleased(name: string): Promise<boolean> {
    try {
      await this.#context.ports.handoff.release(name);
      return true;
    } catch {
      return false;
    }
  }

  /** An allocation that ended by itself and served nobody would only be followed by the next of its kind. */
  #learn(name: string, reason: string): void {
    const allocation = this.#context.store.allocations.get(name);
    if (!allocation || allocation.submission !== "accepted") return;
    if (allocation.lane.key === UNKNOWN_LANE.key) return;
    const subject = allocationsSubject(allocation.lane.pool);
    const runners = this.#context.store.runners.live().filter((each) => each.allocation === name);
    // GitHub's word of the job may still be on its way: a runner that ended well has served one.
    const served = runners.some(
      ({ servedJobId, exit }) => servedJobId !== null || (exit !== null && endedWell(exit)),
    );
    // The pool is held back since its script said so (hearMessage).
    const told = allocation.farewell !== null && isFault(allocation.farewell.cause);
    if (served) letGo(this.#context, subject);
    else if (told) return;
    else if (allocation.releasedAt === null && allocation.deletion.times === 0) {
      holdBack(this.#context, {
        subject,
        reason: `an allocation ended before it served a job: ${reason}`,
      });
    }
  }

  #change(name: string, change: (allocation: Allocation) => Allocation): void {
    const { store } = this.#context;
    const allocation = store.allocations.get(name);
    if (allocation && allocation.endedAt === null) store.saveAllocation(change(allocation));
  }
}
