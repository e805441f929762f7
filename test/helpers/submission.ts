import type { Submission } from "../../src/pbs/pbs.ts";

/** A submission that asks for little, with what a test wants to be different. */
export function submissionWith(
  different: Partial<Submission> & Pick<Submission, "name" | "logDirectory">,
): Submission {
  return {
    members: 1,
    queue: null,
    account: null,
    select: "1:ncpus=1",
    place: null,
    priority: null,
    resources: [],
    walltimeSeconds: 300,
    script: "",
    ...different,
  };
}
