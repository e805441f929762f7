import pLimit from "p-limit";
import { runCommand, type CommandResult, type CommandSettings } from "./command.ts";
import {
  JOB_ALREADY_EXITED,
  JOB_HAS_FINISHED,
  SUBJOB_HAS_FINISHED,
  troubleOf,
  UNKNOWN_JOB,
} from "./exit-code.ts";
import { inRanges, isJobId } from "./job-id.ts";
import type { DeleteOutcome, PbsTrouble } from "./pbs.ts";

export interface DeleteOptions {
  /** Kill at once and forget, also where the node does not answer: `qdel -W force`. */
  readonly force?: boolean;
}

/** Each call takes one of the host's 500 privileged ports for a minute (facts/pbs.md §0.1). */
const PARALLEL = 4;

/**
 * One `qdel` for each id, and for neighbours in an array one together (`12[4-7].vm` is one id to PBS). Several in one call are not safe: `qdel KNOWN UNKNOWN` ends the server of OpenPBS 23.06.06 for
 * everybody (docs/decisions/2026-11-24-one-qdel-an-id.md). A job that had ended or is unknown is as good as deleted.
 */
export async function deleteJobs(
  settings: CommandSettings,
  jobIds: readonly string[],
  options: DeleteOptions = {},
): Promise<DeleteOutcome> {
  const limit = pLimit(PARALLEL);
  const ranges = inRanges([...new Set(jobIds)].filter(isJobId));
  const flags = options.force === true ? ["-W", "force"] : [];
  const troubles = await Promise.all(
    [...ranges].map(([range, ids]) =>
      limit(async () => {
        const result = await runCommand(settings, { command: "qdel", args: [...flags, range] });
        return [ids, readDeletion(result)] as const;
      }),
    ),
  );
  const refused = new Map<string, string>();
  let last: PbsTrouble | null = null;
  for (const [ids, trouble] of troubles) {
    if (trouble === null) continue;
    last = trouble;
    for (const id of ids) refused.set(id, trouble.reason);
  }
  // Nothing worked: that is what there is to tell.
  const allFailed = last !== null && last.kind !== "refused" && troubles.every(([, each]) => each);
  return allFailed && last !== null ? last : { kind: "answered", refused };
}

const GONE: ReadonlySet<number> = new Set([
  0,
  UNKNOWN_JOB,
  JOB_HAS_FINISHED,
  JOB_ALREADY_EXITED,
  SUBJOB_HAS_FINISHED,
]);

/** What one `qdel` of one id came to: `null` when the job is gone or going. */
export function readDeletion(result: CommandResult): PbsTrouble | null {
  if (result.kind !== "exited") return result;
  return GONE.has(result.code) ? null : troubleOf(result, "changes");
}
