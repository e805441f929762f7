import type { Action } from "../action.ts";
import { phaseOf, wasPutBack, type Allocation } from "../allocation.ts";
import { explainExitStatus, hasEnded, type PbsJob } from "../pbs-job.ts";
import type { Runner } from "../runner.ts";
import { companyOf, isOutlived } from "./seats.ts";
import type { Survey } from "./survey.ts";

/** Heals submissions whose answer was lost, and ends what is over or should be. */
export function planAllocations(survey: Survey): Action[] {
  return survey.world.allocations.flatMap((each) => {
    const action =
      planEnd(survey, each) ??
      planSubmission(survey, each) ??
      planAbsence(survey, each) ??
      planRelease(survey, each, survey.currentRunners.get(each.name)) ??
      planDeletion(survey, each);
    return action ? [action] : [];
  });
}

/** Only what PBS (or the lack of any trace in it) says is the end of an allocation; and of a seat its own last word. */
function planEnd(survey: Survey, allocation: Allocation): Action | null {
  const reason = endOf(survey, allocation);
  return reason === null ? null : { kind: "end", allocation: allocation.name, reason };
}

function endOf(survey: Survey, allocation: Allocation): string | null {
  const { sighting, absence, farewell, submission, lookups, end } = allocation;
  const { lookUpFor, lookUpsNeeded } = survey.world.patience;
  if (submission === "refused" || submission === "failed") return end ?? "it was not submitted";
  const neverMade =
    submission !== "accepted" &&
    lookups.times >= lookUpsNeeded &&
    survey.now - allocation.intendedAt >= lookUpFor;
  if (neverMade) return "its submission never reached PBS";
  if (sighting && hasEnded(sighting.job.state))
    return farewell?.reason ?? end ?? describe(sighting.job);
  if (absence && absence.confirmedAt !== null)
    return farewell?.reason ?? end ?? "PBS no longer knows it";
  // Of its PBS job's end another seat will hear.
  if (farewell && isOutlived(survey, allocation)) return farewell.reason;
  return null;
}

function describe(job: PbsJob): string {
  if (job.exitStatus === null) return job.comment ?? "it ended before it ran";
  const meaning = explainExitStatus(job.exitStatus);
  switch (meaning.kind) {
    case "pbs":
      return meaning.reason;
    case "signalled":
      return `it was killed by signal ${meaning.signal}`;
    case "exited":
      return meaning.code === 0 ? "it ended" : `its script exited with ${meaning.code}`;
  }
}

/** A submission that was begun and not answered is looked up by name, never repeated blindly. */
function planSubmission(survey: Survey, allocation: Allocation): Action | null {
  const { submission, lookups, name } = allocation;
  if (submission !== "intended" && submission !== "unknown") return null;
  if (survey.world.inFlight.has(`submit:${name}`)) return null;
  const { lookUpEvery } = survey.world.patience;
  const due = lookups.last === null || survey.now - lookups.last >= lookUpEvery;
  return due ? { kind: "look-up", allocation: name } : null;
}

/**
 * Missing is not gone: several misses, longer than any cache, then a direct question. At once, if it has said itself
 * that it ends: where job history is off, PBS forgets a job in that moment.
 */
function planAbsence(survey: Survey, allocation: Allocation): Action | null {
  const { absence, farewell } = allocation;
  if (!absence || absence.confirmedAt !== null) return null;
  const long = survey.now - absence.since >= survey.world.patience.absence;
  if (!farewell && (absence.times < 2 || !long)) return null;
  return { kind: "confirm-absence", allocation: allocation.name };
}

/** A started allocation whose runner will serve nobody (any more) is told to end. */
function planRelease(
  survey: Survey,
  allocation: Allocation,
  runner: Runner | undefined,
): Action | null {
  if (phaseOf(allocation) !== "serving" || runner?.state !== "gone") return null;
  const since = runner.goneAt ?? survey.now;
  // After a served job the node normally reports by itself; a listener that hangs is ended.
  const wait = runner.servedJobId === null ? 0 : survey.world.patience.leaving;
  if (survey.now - since < wait) return null;
  return { kind: "release", allocation: allocation.name, reason: "its runner is gone" };
}

const PUT_BACK = "PBS put it back into its queue after it had begun";

/** What was told to end, or fell silent after its last turn, and is still there, is deleted; at last by force. */
function planDeletion(survey: Survey, allocation: Allocation): Action | null {
  const { patience } = survey.world;
  const { deletion, releasedAt, farewell, pbsJobId, name } = allocation;
  if (pbsJobId === null) return null;
  if (wasPutBack(allocation) && deletion.last === null) {
    return { kind: "delete", allocations: [name], force: false, reason: PUT_BACK };
  }
  const deleting = deletion.last !== null;
  const since = deletion.last ?? farewell?.at ?? releasedAt ?? silentSince(survey, allocation);
  if (since === null) return null;
  if (survey.now - since < (deleting ? patience.deleteEvery : patience.leaving)) return null;
  if (isOutlived(survey, allocation)) return null;
  const force = deletion.times >= patience.deletesBeforeForce;
  const names = companyOf(survey, allocation).map((each) => each.name);
  return { kind: "delete", allocations: names, force, reason: "it did not end by itself" };
}

function silentSince(survey: Survey, allocation: Allocation): number | null {
  if (phaseOf(allocation) !== "between") return null;
  return survey.currentRunners.get(allocation.name)?.exit?.at ?? null;
}
