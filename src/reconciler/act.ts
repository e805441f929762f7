import type { Action } from "../domain/action.ts";
import type { SubmissionContext } from "./act-context.ts";
import { AllocationActs } from "./allocation-acts.ts";
import type { ArrayLimits } from "./array-limits.ts";
import { RunnerActs } from "./runner-acts.ts";
import { JobActs } from "./job-acts.ts";
import { SubmissionActs } from "./submission-acts.ts";

/** Carries out one action of the plan: writes the intent, does it, writes what was observed. Decides nothing. */
export type Act = (action: Action) => Promise<void>;

export function createAct(context: SubmissionContext, arrayLimits: ArrayLimits): Act {
  const submissions = new SubmissionActs(context, arrayLimits);
  const allocations = new AllocationActs(context);
  const runners = new RunnerActs(context);
  const jobs = new JobActs(context);
  return async function act(action) {
    switch (action.kind) {
      case "submit":
        return submissions.submit(action);
      case "look-up":
        return submissions.lookUp(action);
      case "confirm-absence":
        return allocations.confirmAbsence(action);
      case "release":
        return allocations.release(action);
      case "delete":
        return allocations.delete(action);
      case "end":
        return allocations.end(action);
      case "mint-and-deliver":
        return runners.mintAndDeliver(action);
      case "deregister":
        return runners.deregister(action);
      case "find-runner":
        return runners.find(action);
      case "forget-runner":
        return runners.forget(action);
      case "confirm-job":
        return jobs.confirm(action);
      case "refuse":
        return jobs.refuse(action);
    }
  };
}
