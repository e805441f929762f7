import { phaseOf, type Allocation, type Phase } from "../domain/allocation.ts";
import type { EndCause } from "../domain/end-cause.ts";
import type { EpochMs } from "../domain/time.ts";
import type { Runner } from "../domain/runner.ts";
import type { Store } from "../store/store.ts";

/** One allocation as people want to see it. */
export interface AllocationView {
  readonly name: string;
  readonly pool: string;
  readonly phase: Phase | "ended";
  readonly pbsJobId: string | null;
  readonly pbsState: string | null;
  readonly execHost: string | null;
  readonly intendedAt: EpochMs;
  readonly startedAt: EpochMs | null;
  readonly endedAt: EpochMs | null;
  /** Why its script says that it ended; `null` while it lives, or if it could not say. */
  readonly cause: EndCause | null;
  /** The workflow jobs its runners took, `repository · name`, in their order. */
  readonly jobs: readonly string[];
  /** Why it waits, was let go, or ended: one sentence, or nothing to say. */
  readonly note: string | null;
}

export function viewAllocation(store: Store, allocation: Allocation): AllocationView {
  const { sighting } = allocation;
  return {
    name: allocation.name,
    pool: allocation.lane.pool,
    phase: allocation.endedAt === null ? phaseOf(allocation) : "ended",
    pbsJobId: allocation.pbsJobId,
    pbsState: sighting?.job.state ?? null,
    execHost: sighting?.job.execHost ?? null,
    intendedAt: allocation.intendedAt,
    startedAt: sighting?.job.startedAt ?? allocation.announcedAt,
    endedAt: allocation.endedAt,
    jobs: store.runnersOf(allocation.name).flatMap((runner) => jobTitle(store, runner) ?? []),
    cause: allocation.farewell?.cause ?? null,
    note: noteOf(allocation),
  };
}

function noteOf({ end, farewell, sighting, remark }: Allocation): string | null {
  // Of one that runs PBS says when and where, which is told already.
  const comment = sighting?.job.state === "R" ? null : (sighting?.job.comment ?? null);
  return end ?? farewell?.reason ?? comment ?? remark;
}

/** Of the job that a runner took. */
export function jobTitle(store: Store, { servedJobId }: Runner): string | null {
  const job = servedJobId === null ? null : store.jobs.get(servedJobId);
  return job === null ? null : `${job.repository} · ${job.name}`;
}
