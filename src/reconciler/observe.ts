import { hasHad, type Allocation } from "../domain/allocation.ts";
import { isFault, type EndCause } from "../domain/end-cause.ts";
import { allocationsSubject } from "../domain/hold.ts";
import { UNKNOWN_LANE } from "../domain/lane.ts";
import type { PbsJob } from "../domain/pbs-job.ts";
import type { EpochMs } from "../domain/time.ts";
import type { Message } from "../handoff/handoff.ts";
import type { Store } from "../store/store.ts";
import type { ActContext } from "./act-context.ts";
import { holdBack } from "./holds.ts";

/** Stores what an allocation's script said. A message may come twice; the end is the same. */
export function hearMessage(context: ActContext, message: Message): void {
  const { store, ports, log } = context;
  const now = ports.clock.now();
  const allocation = store.allocations.get(message.allocation);
  if (!allocation || allocation.endedAt !== null) {
    // Its directory is gone, so its script ends by itself.
    log.warn({ message }, "A message of an allocation that has ended");
    return;
  }
  const known = hasHad(adopt(allocation, message, now), turnsHad(message));
  switch (message.kind) {
    case "asks":
      log.info(
        {
          allocation: known.name,
          host: message.host,
          turn: message.turn,
          remark: message.remark ?? undefined,
        },
        "Allocation is ready",
      );
      store.saveAllocation({
        ...known,
        remark: message.remark,
        turns: { ...known.turns, asked: Math.max(known.turns.asked, message.turn) },
      });
      return;
    case "reports":
      log.info({ allocation: known.name, ...message.exit }, "Runner process ended");
      store.saveAllocation({
        ...known,
        turns: { ...known.turns, reported: Math.max(known.turns.reported, message.turn) },
      });
      reportExit(store, message, now);
      learnFault(context, known, message.exit);
      return;
    case "ends": {
      const { cause, reason } = message;
      log.info({ allocation: known.name, cause, reason }, "Allocation says that it ends");
      store.saveAllocation({ ...known, farewell: { cause, reason, at: now } });
      learnFault(context, known, message);
    }
  }
}

/** At once: before PBS says that it ended, the next would be on its way, and end as this one did. */
function learnFault(
  context: ActContext,
  { lane }: Allocation,
  { cause, reason }: { readonly cause: EndCause; readonly reason: string },
): void {
  if (!isFault(cause) || lane.key === UNKNOWN_LANE.key) return;
  holdBack(context, {
    subject: allocationsSubject(lane.pool),
    reason: `an allocation could not run a job: ${reason}`,
    needsPerson: cause !== "failed" && cause !== "never-connected",
  });
}

/** How many runners it must have had to say this. */
function turnsHad(message: Message): number {
  switch (message.kind) {
    case "asks":
      return message.turn - 1;
    case "reports":
      return message.turn;
    case "ends":
      return 0;
  }
}

/** A script that speaks to us was submitted, whatever became of qsub's answer. */
function adopt(allocation: Allocation, message: Message, now: EpochMs): Allocation {
  const announced = { ...allocation, announcedAt: allocation.announcedAt ?? now };
  if (allocation.submission === "accepted" || message.pbsJobId === null) return announced;
  return { ...announced, submission: "accepted", pbsJobId: message.pbsJobId };
}

function reportExit(store: Store, message: Message & { kind: "reports" }, now: EpochMs): void {
  for (const runner of store.runners.live()) {
    const theirs = runner.allocation === message.allocation && runner.turn === message.turn;
    // One that was only asked for never came to the allocation; another of its turn did. GitHub's word that its job is over
    // may come before the node's of how the process ended.
    const used = runner.state === "gone" && runner.servedJobId !== null;
    const came = runner.state === "delivered" || runner.state === "minted" || used;
    if (!theirs || !came || runner.exit !== null) continue;
    store.saveRunner({
      ...runner,
      state: used ? "gone" : "delivered",
      deliveredAt: runner.deliveredAt ?? now,
      exit: { ...message.exit, at: now },
    });
  }
}

/** Stores PBS's answer about one job. Only what changed is written; when it was seen may be forgotten in a crash. */
export function seePbsJob(
  store: Store,
  allocation: Allocation,
  job: PbsJob | "absent",
  now: EpochMs,
): void {
  if (job === "absent") {
    const { absence } = allocation;
    const times = (absence?.times ?? 0) + 1;
    const since = absence?.since ?? now;
    store.saveAllocation({
      ...allocation,
      absence: { times, since, confirmedAt: absence?.confirmedAt ?? null },
    });
    return;
  }
  const seen: Allocation = { ...allocation, sighting: { job, at: now }, absence: null };
  const before = allocation.sighting?.job;
  const changed =
    !before ||
    allocation.absence !== null ||
    before.state !== job.state ||
    before.substate !== job.substate ||
    before.comment !== job.comment ||
    before.exitStatus !== job.exitStatus ||
    before.execHost !== job.execHost;
  if (changed) store.saveAllocation(seen);
  else store.allocations.touch(allocation.name, seen);
}
