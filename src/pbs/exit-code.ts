import type { Answer } from "./command.ts";
import type { PbsTrouble } from "./pbs.ts";

/** Commands leave with PBS's error number (15xxx) modulo 256: 15018 "unknown queue" is 170. Numbers from pbs_error.h. */
export const UNKNOWN_JOB = 153; // PBSE_UNKJOBID 15001
export const JOB_HAS_FINISHED = 35; // PBSE_HISTJOBID 15139
export const JOB_ALREADY_EXITED = 202; // PBSE_ALRDYEXIT 15050
export const SUBJOB_HAS_FINISHED = 55; // PBSE_NOHISTARRAYSUBJOB 15159
export const ARRAY_TOO_LARGE = 3; // PBSE_MaxArraySize 15107
/** The command's own usage error: of all our options only `-J` is one that a site's PBS or wrapper may not know. */
export const MISUSE = 2;

/** As many jobs of a user, a project or a queue as there may be. */
export const LIMIT_REACHED: ReadonlySet<number> = new Set([
  38, // PBSE_ENTLIMCT 15142: would exceed a limit on the number of jobs
  39, // PBSE_ENTLIMRESC 15143: would exceed a limit on the resources of jobs
  198, // PBSE_MAXQUED 15046: the queue is full
]);

/** The server answered that it is busy or full, or was not reached at all: nothing was changed. */
const TRANSIENT: ReadonlySet<number> = new Set([
  ...LIMIT_REACHED,
  13, // PBSE_CONNFULL 15117: its connection table is full
  56, // PBSE_FORCE_QSUB_UPDATE 15160: the background qsub is out of date
  104, // PBSE_TRYAGAIN 15208
  179, // PBSE_OBJBUSY 15027
  185, // PBSE_NOCONNECTS 15033
  186, // PBSE_NOSERVER 15034
  212, // PBSE_SVRDOWN 15060: it is shutting down
]);

/**
 * The conversation broke: before the server did the work, or after. 162 and 255 are also what a server that is down
 * gives, but `qsub` through its background process gives 255 when only the reply was lost (facts/pbs.md §1).
 */
const CONVERSATION_LOST: ReadonlySet<number> = new Set([
  162, // PBSE_SYSTEM 15010
  163, // PBSE_INTERNAL 15011
  183, // PBSE_PROTOCOL 15031
  255, // -1: no connection
]);

/** The shell's own codes, from a site's wrapper: 126 not executable, 127 not found. */
const WRAPPER_BROKEN: ReadonlySet<number> = new Set([126, 127]);

/** Whether a call asks PBS or changes something: only a change that got no clear answer may have been done. */
export type Effect = "asks" | "changes";

export function verdict(code: number, effect: Effect): PbsTrouble["kind"] {
  if (TRANSIENT.has(code)) return "retry";
  if (WRAPPER_BROKEN.has(code)) return "unusable";
  // 128+n: a wrapper whose command was killed by signal n. PBS's own numbers begin at 152.
  const lost = CONVERSATION_LOST.has(code) || (code > 128 && code < 152);
  if (!lost) return "refused";
  return effect === "asks" ? "retry" : "unknown";
}

/** Turns an answer that did not do what was asked into what the caller can do about it, with PBS's own words. */
export function troubleOf(answer: Answer, effect: Effect): PbsTrouble {
  const kind = verdict(answer.code, effect);
  const reason = wordsOf(answer);
  return kind === "refused" ? { kind, reason, code: answer.code } : { kind, reason };
}

const MAX_WORDS = 1_000;

/**
 * What the command said, on one line: a site's hook explains its policy here, so nothing of it is left out but the
 * usage text after a wrong option, repeated lines and control characters (it ends up in logs and on terminals).
 */
export function wordsOf(answer: Answer): string {
  const spoken = answer.stderr.trim() === "" ? answer.stdout : answer.stderr;
  const lines: string[] = [];
  for (const raw of spoken.split("\n")) {
    const line = raw.replaceAll(/[\p{Cc}\s]+/gu, " ").trim();
    if (line.startsWith("usage:")) break;
    if (line !== "" && !lines.includes(line)) lines.push(line);
  }
  const words = lines.join("; ");
  if (words === "") return `${answer.command} exited with ${answer.code} and no message`;
  return words.length > MAX_WORDS ? `${words.slice(0, MAX_WORDS)}…` : words;
}
