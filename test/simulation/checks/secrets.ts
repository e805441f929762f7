import { qsubArguments } from "../../../src/pbs/qsub.ts";
import { JIT } from "../models/github.ts";
import { OUTSIDER, type Sighting } from "../world.ts";
import type { Look } from "./check.ts";

/** 9: nothing that others can see holds a runner's configuration: arguments, names, PBS attributes, log lines. */
export function secrets(): Look {
  return (sighting) => {
    const shown = [...seenByOthers(sighting), ...(sighting.kind === "line" ? [sighting.text] : [])];
    const told = shown.find((text) => text.includes(JIT));
    return told === undefined ? null : `a configuration in ${sighting.kind} ${told}`;
  };
}

/** 10: what an outsider wrote reaches no shell, no argument, no path, and no terminal as it is. */
export function outsiders(): Look {
  return (sighting, { store }) => {
    const script = sighting.kind === "submission" ? [sighting.submission.script] : [];
    const reached = [...seenByOthers(sighting), ...script].find((text) => text.includes(OUTSIDER));
    if (reached !== undefined) return `an outsider's text in ${sighting.kind} ${reached}`;
    if (sighting.kind === "line" && /\p{Cc}/u.test(sighting.text.trimEnd())) {
      return `a control character in the log: ${JSON.stringify(sighting.text)}`;
    }
    if (sighting.kind !== "end" || store === null) return null;
    const shown = store.jobs
      .newest("created_at", 100)
      .flatMap(({ name, workflowName, headBranch, refusal }) => [
        name,
        workflowName,
        headBranch,
        refusal,
      ]);
    const raw = shown.find((text) => text !== null && /[\p{Cc}\p{Cf}]/u.test(text));
    return raw === undefined ? null : `a control character in ${JSON.stringify(raw)}`;
  };
}

/** Arguments of commands, names of files and runners, what GitHub is sent. */
function seenByOthers(sighting: Sighting): readonly string[] {
  switch (sighting.kind) {
    case "submission":
      return qsubArguments(sighting.submission);
    case "call":
      return sighting.mint ? [sighting.mint.name, ...sighting.mint.labels] : [sighting.what];
    case "delivery":
    case "release":
    case "closing":
      return [sighting.allocation];
    case "start":
    case "status":
    case "deletion":
    case "line":
    case "pause":
    case "second store":
    case "collapse":
    case "end":
      return [];
  }
}
