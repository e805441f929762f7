import type { Action } from "../action.ts";
import { isDue } from "../patience.ts";
import { isIdle, type Runner } from "../runner.ts";
import { endedWell } from "../runner-exit.ts";
import { SECOND } from "../time.ts";
import { leavesGitHubAlone } from "./github-holds.ts";
import type { Survey } from "./survey.ts";

/** Sees to it that every registration is used or deleted. */
export function planRunners(survey: Survey): Action[] {
  return survey.world.runners.flatMap((runner) => {
    if (survey.world.inFlight.has(`mint-and-deliver:${runner.name}`)) return [];
    const action = planRunner(survey, runner);
    if (!action) return [];
    // A conclusion needs no question.
    const asks = action.kind !== "forget-runner";
    return asks && leavesGitHubAlone(survey, runner.scope) ? [] : [action];
  });
}

function planRunner(survey: Survey, runner: Runner): Action | null {
  switch (runner.state) {
    case "minting":
      return planLostMint(survey, runner);
    case "minted":
      // Its configuration existed only in the memory of the process that died with it.
      return deregister(survey, runner, "its configuration was never delivered");
    case "delivered":
      return planDelivered(survey, runner);
    case "gone":
      return null;
  }
}

/** GitHub may have made it, or may make it minutes later: asked by name until that cannot be any more. */
function planLostMint(survey: Survey, runner: Runner): Action | null {
  const { checks } = runner;
  const tooLate = runner.mintingAt + survey.world.patience.lostMint;
  // Only an answer of after that time proves anything.
  if (checks.last !== null && checks.last >= tooLate) {
    return { kind: "forget-runner", runner: runner.name, reason: "GitHub never made it" };
  }
  const due = survey.now >= tooLate || isDue(checks, survey.now, 5 * SECOND);
  return due ? { kind: "find-runner", runner: runner.name } : null;
}

function planDelivered(survey: Survey, runner: Runner): Action | null {
  const { patience } = survey.world;
  const allocation = survey.allocations.get(runner.allocation);
  const phase = survey.phases.get(runner.allocation);
  const jobIsOver = runner.servedJobId !== null && !survey.jobs.has(runner.servedJobId);
  if (jobIsOver) {
    // GitHub removes a JIT runner with its job; after an abnormal end we make sure.
    const abnormal = runner.exit !== null && !endedWell(runner.exit);
    if (abnormal) return deregister(survey, runner, "it ended abnormally");
    return { kind: "forget-runner", runner: runner.name, reason: "its job is completed" };
  }
  const nodeIsDone = runner.exit !== null || !allocation || phase === "leaving";
  if (nodeIsDone) {
    const since = runner.exit?.at ?? runner.deliveredAt ?? runner.mintingAt;
    if (survey.now - since < patience.lateEvent) return null;
    return deregister(survey, runner, "its process has ended");
  }
  const unused = survey.now - (runner.deliveredAt ?? survey.now) >= patience.idleRunner;
  return isIdle(runner) && unused ? deregister(survey, runner, "it took no job") : null;
}

/** At growing distances, should GitHub refuse. */
export function deregister(survey: Survey, runner: Runner, reason: string): Action | null {
  const due = isDue(runner.checks, survey.now, 30 * SECOND);
  return due ? { kind: "deregister", runner: runner.name, reason } : null;
}
