import { runCommand, type Answer, type CommandResult, type CommandSettings } from "./command.ts";
import { JOB_ALREADY_EXITED, JOB_HAS_FINISHED, troubleOf, UNKNOWN_JOB } from "./exit-code.ts";
import { callsFor, isJobId } from "./job-id.ts";
import type { DeleteOutcome, PbsTrouble } from "./pbs.ts";

export interface DeleteOptions {
  /** Kill at once and forget, also where the node does not answer: `qdel -W force`. */
  readonly force?: boolean;
}

/** One `qdel` a server for all ids. A job that had ended or is unknown is as good as deleted. */
export async function deleteJobs(
  settings: CommandSettings,
  jobIds: readonly string[],
  options: DeleteOptions = {},
): Promise<DeleteOutcome> {
  const refused = new Map<string, string>();
  const calls = callsFor(jobIds);
  let trouble: PbsTrouble | null = null;
  for (const ids of calls) {
    const args = options.force === true ? ["-W", "force", ...ids] : ids;
    const outcome = readDeletion(await runCommand(settings, { command: "qdel", args }), ids);
    if (outcome.kind !== "answered") {
      trouble = outcome;
      for (const id of ids) refused.set(id, outcome.reason);
      continue;
    }
    for (const [id, reason] of outcome.refused) refused.set(id, reason);
  }
  // With one server the trouble is everything there is to tell.
  return trouble !== null && calls.length === 1 ? trouble : { kind: "answered", refused };
}

const GONE: ReadonlySet<number> = new Set([0, UNKNOWN_JOB, JOB_HAS_FINISHED, JOB_ALREADY_EXITED]);

/**
 * `qdel` deletes what it can and goes on. Its code is that of the last id that failed, so with several ids only its
 * lines tell which and why: `qdel: Unauthorized Request  77.vm`.
 */
export function readDeletion(result: CommandResult, ids: readonly string[]): DeleteOutcome {
  if (result.kind !== "exited") return result;
  const complaints = complaintsIn(result, ids);
  const refused = new Map([...complaints].filter(([, words]) => !GONE_WORDS.test(words)));
  if (GONE.has(result.code)) return { kind: "answered", refused };
  // Only ids that PBS itself complained about are known to have been reached.
  return refused.size > 0 ? { kind: "answered", refused } : troubleOf(result, "changes");
}

/** PBS's own words for 15001, 15139 and 15050, in the C locale: it gives no number for each id. */
const GONE_WORDS = /^(?:Unknown Job Id|Job has finished|Job already in exit state)\b/i;

function complaintsIn(answer: Answer, ids: readonly string[]): Map<string, string> {
  const asked = new Set(ids);
  const complaints = new Map<string, string>();
  for (const line of `${answer.stderr}\n${answer.stdout}`.split("\n")) {
    const match = /^qdel: (.*?)\s+(\S+)\s*$/.exec(line);
    const [, words, id] = match ?? [];
    if (words === undefined || id === undefined || !isJobId(id) || !asked.has(id)) continue;
    complaints.set(id, words);
  }
  return complaints;
}
