import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** What differs from one allocation to the next. Paths are absolute. */
export interface AllocationScript {
  /** The allocation's handoff directory, as {@link Handoff.open} gave it. */
  readonly handoff: string;
  /** Where releases of GitHub's runner are: the script takes the current one of its node's architecture. */
  readonly runner: string;
  /** `null` for the PBS job's `$TMPDIR`. */
  readonly scratch: string | null;
  readonly walltimeSeconds: number;
  /** Lines of bash, run before the runner starts. */
  readonly environment: readonly string[];
  readonly reuse: boolean;
  /** How long it waits for a runner; `null` for what is enough while the program lives. */
  readonly waitSeconds: number | null;
}

/** Seconds before the end of the walltime at which a runner is stopped: it wants 40 to say so (facts/github.md §6). */
const MARGIN = 90;
/** Seconds an allocation waits for a runner: longer than any answer of GitHub that was seen (10 min). */
const WAIT = 20 * 60;

const CHECK = 'ghr_status=$?; [[ $ghr_status -eq 0 ]] || return "$ghr_status"';

const script = readFileSync(new URL("allocation.sh", import.meta.url), "utf8");

/** The whole text that `qsub` is given. It holds the handoff's path, and so is for the user alone, as PBS keeps it. */
export function composeAllocationScript(about: AllocationScript): string {
  const { handoff, walltimeSeconds } = about;
  const variables = {
    ghr_handoff: handoff,
    ghr_inbox: join(dirname(handoff), "inbox"),
    ghr_runner: about.runner,
    ghr_scratch: about.scratch ?? "",
    ghr_walltime: String(walltimeSeconds),
    // Of a short walltime a quarter.
    ghr_margin: String(Math.min(MARGIN, Math.floor(walltimeSeconds / 4))),
    ghr_wait: String(about.waitSeconds ?? WAIT),
    ghr_reuse: about.reuse ? "yes" : "no",
  };
  const assignments = Object.entries(variables).map(([name, value]) => `${name}=${quote(value)}`);
  return [
    "#!/usr/bin/env bash",
    ...assignments,
    "# The pool's lines; the first that fails ends the allocation.",
    "ghr_environment() {",
    ...about.environment.flatMap((line, index) => [`ghr_line=${index + 1}`, line, CHECK]),
    ":",
    "}",
    script,
  ].join("\n");
}

/** One word for bash, whatever it holds. */
function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
