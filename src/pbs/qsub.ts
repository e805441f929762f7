import { formatWalltime } from "../domain/time.ts";
import { runCommand, type CommandResult, type CommandSettings } from "./command.ts";
import { ARRAY_TOO_LARGE, LIMIT_REACHED, MISUSE, troubleOf, wordsOf } from "./exit-code.ts";
import { isArrayId, isJobId } from "./job-id.ts";
import type { Submission, SubmitOutcome } from "./pbs.ts";

/**
 * The arguments of `qsub`. What an administrator or our own rules fix is given here and wins: `-C ""` switches off
 * the `#PBS` lines of the script. No `-v` or `-V`: every user could read the values (facts/pbs.md §0.8).
 */
export function qsubArguments(submission: Submission): string[] {
  const { name, members, queue, account, select, place, walltimeSeconds, logDirectory } =
    submission;
  const { priority, resources } = submission;
  const directory = logDirectory.endsWith("/") ? logDirectory : `${logDirectory}/`;
  const args = ["-C", "", "-N", name];
  // A requeued allocation would start a second time with a spent registration. Of an array PBS demands that it may be
  // requeued (sample qsub-J-not-rerunable); there the script sees to it that it serves once (src/runner/node/start.sh).
  if (members === 1) args.push("-r", "n");
  else args.push("-r", "y", "-J", `0-${members - 1}`);
  if (account !== null) args.push("-A", account);
  if (queue !== null) args.push("-q", queue);
  if (priority !== null) args.push("-p", String(priority));
  args.push("-l", `select=${select}`);
  if (place !== null) args.push("-l", `place=${place}`);
  args.push("-l", `walltime=${formatWalltime(walltimeSeconds)}`);
  for (const resource of resources) args.push("-l", resource);
  // The output is written where it ends up while the job runs (d: direct), as <job id>.OU.
  args.push("-j", "oe", "-k", "oed", "-o", directory);
  return args;
}

export async function submit(
  settings: CommandSettings,
  submission: Submission,
): Promise<SubmitOutcome> {
  const result = await runCommand(settings, {
    command: "qsub",
    args: qsubArguments(submission),
    stdin: submission.script,
    // qsub wants a directory that exists to start from (a deleted one: exit 255, facts/pbs.md §1).
    cwd: submission.logDirectory,
  });
  return readSubmission(result, submission.members);
}

/** What became of a submission, after `qsub` has ended. */
export function readSubmission(result: CommandResult, members = 1): SubmitOutcome {
  if (result.kind !== "exited") return result;
  if (result.code !== 0) {
    const trouble = troubleOf(result, "changes");
    const fewer = members > 1 ? fewerAfter(result.code, members) : null;
    return fewer === null ? trouble : { kind: "too-many", ...fewer, reason: trouble.reason };
  }
  const jobId = lastLine(result.stdout);
  if (jobId !== null && isJobId(jobId) && isArrayId(jobId) === members > 1) {
    return { kind: "accepted", jobId };
  }
  return { kind: "unknown", reason: `qsub succeeded without a job id: ${wordsOf(result)}` };
}

/** How large an array may be after one of `members` was refused; `null` when it was refused for something else. */
function fewerAfter(
  code: number,
  members: number,
): { readonly most: number; readonly lasting: boolean } | null {
  if (code === MISUSE) return { most: 1, lasting: true };
  if (code === ARRAY_TOO_LARGE) return { most: Math.floor(members / 2), lasting: true };
  // An array is taken whole or not at all: a part of it may still fit.
  return LIMIT_REACHED.has(code) ? { most: Math.floor(members / 2), lasting: false } : null;
}

/** Warnings of wrappers and of PBS's own helpers may come before the id (facts/pbs.md §10.4). */
function lastLine(output: string): string | null {
  const lines = output.split("\n").map((line) => line.trim());
  return lines.findLast((line) => line !== "") ?? null;
}
