import { installationSubject, type Hold } from "../hold.ts";
import type { RegistrationScope } from "../workflow-job.ts";
import type { Survey } from "./survey.ts";

/** What holds us back from asking GitHub about an installation: after its time one attempt shows whether it is well again. */
export function gitHubHold(
  { holds }: Survey,
  { installationId }: RegistrationScope,
): Hold | undefined {
  return holds.get(installationSubject(installationId));
}

/** A GitHub in trouble is left alone, whatever the question. */
export function leavesGitHubAlone(survey: Survey, scope: RegistrationScope): boolean {
  const hold = gitHubHold(survey, scope);
  return hold !== undefined && hold.until > survey.now;
}
