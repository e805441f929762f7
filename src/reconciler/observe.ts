import type { Logger } from "pino";
import type { Allocation } from "../domain/allocation.ts";
import type { PbsJob } from "../domain/pbs-job.ts";
import type { EpochMs } from "../domain/time.ts";
import type { Message } from "../handoff/handoff.ts";
import type { Store } from "../store/store.ts";

/** Stores what an allocation's script said. A message may come twice; the end is the same. */
export function hearMessage(store: Store, message: Message, now: EpochMs, log: Logger): void {
  const allocation = store.allocations.get(message.allocation);
  if (!allocation || allocation.endedAt !== null) {
    // Its directory is gone, so its script ends by itself.
    log.warn({ message }, "A message of an allocation that has ended");
    return;
  }
  const known = adopt(allocation, message, now);
  switch (message.kind) {
    case "asks":
      log.info(
        { allocation: known.name, host: message.host, turn: message.turn },
        "Allocation is ready",
      );
      store.saveAllocation({
        ...known,
        turns: { ...known.turns, asked: Math.max(known.turns.asked, message.turn) },
      });
      return;
    case "reports":
      log.info(
        { allocation: known.name, exitCode: message.exitCode, reason: message.reason },
        "Runner process ended",
      );
      store.saveAllocation({
        ...known,
        turns: { ...known.turns, reported: Math.max(known.turns.reported, message.turn) },
      });
      reportExit(store, message, now);
      return;
    case "ends":
      log.info({ allocation: known.name, reason: message.reason }, "Allocation says that it ends");
      store.saveAllocation({ ...known, farewell: { reason: message.reason, at: now } });
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
    if (!theirs || runner.state !== "delivered" || runner.exit !== null) continue;
    store.saveRunner({
      ...runner,
      exit: { code: message.exitCode, reason: message.reason, at: now },
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
