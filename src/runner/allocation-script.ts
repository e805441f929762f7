import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { NodeSettings } from "../domain/node-settings.ts";

/** What differs from one allocation to the next. Paths are absolute. */
export interface AllocationScript {
  /**
   * The allocations' handoff directories, as {@link Handoff.open} gave them: one, or those of an array or of the seats of
   * one PBS job, by index.
   */
  readonly handoffs: readonly string[];
  /** They are seats: the script starts all of them. */
  readonly seats: boolean;
  /** Where what is kept of failed runners goes; seen by compute nodes. */
  readonly diagnostics: string;
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
  readonly node: NodeSettings;
}

/** Seconds an allocation waits for a runner: longer than any answer of GitHub that was seen (10 min). */
const WAIT = 20 * 60;

const CHECK = 'ghr_status=$?; [[ $ghr_status -eq 0 ]] || return "$ghr_status"';

/** Functions, one noun a file; the last puts them together. */
const PARTS = [
  "node/clock.sh",
  "node/handoff.sh",
  "node/processes.sh",
  "node/node.sh",
  "node/start.sh",
  "node/seats.sh",
  "node/root.sh",
  "node/environment.sh",
  "node/listener.sh",
  "node/step.sh",
  "node/diagnostics.sh",
  "allocation.sh",
].map((file) => readFileSync(new URL(file, import.meta.url), "utf8"));

/**
 * The whole text that `qsub` is given. It holds the handoff's path, and so is for the user alone, as PBS keeps it.
 *
 * @throws {TypeError} if the handoffs of an array differ in more than the index.
 */
export function composeAllocationScript(about: AllocationScript): string {
  const { handoffs, walltimeSeconds, node } = about;
  const variables = {
    ghr_inbox: join(dirname(handoffs[0] ?? ""), "inbox"),
    ghr_diagnostics: about.diagnostics,
    ghr_runner: about.runner,
    ghr_scratch: about.scratch ?? "",
    ghr_walltime: String(walltimeSeconds),
    // Of a short walltime a quarter.
    ghr_margin: String(Math.min(node.marginSeconds, Math.floor(walltimeSeconds / 4))),
    ghr_wait: String(about.waitSeconds ?? WAIT),
    ghr_connect: String(node.connectSeconds),
    ghr_idle: String(node.idleSeconds),
    ghr_reuse: about.reuse ? "yes" : "no",
    ghr_tmpdir: node.temporary,
    ghr_https_proxy: node.proxy.https ?? "",
    ghr_http_proxy: node.proxy.http ?? "",
    ghr_no_proxy: node.proxy.except.join(","),
    ghr_certificates: node.certificates ?? "",
    ghr_tool_cache: node.toolCache ?? "",
    ghr_action_cache: node.actionCache ?? "",
  };
  const lists = {
    ghr_job_started: node.jobStarted,
    ghr_job_completed: node.jobCompleted,
    ghr_handoffs: about.seats ? handoffs : [],
  };
  return [
    // Profiles define what is used in the pool's lines, such as `module`, as a function that a script does not inherit.
    node.loginShell ? "#!/bin/bash -l" : "#!/bin/bash",
    ...Object.entries(variables).map(([name, value]) => `${name}=${quote(value)}`),
    ...Object.entries(lists).map(([name, words]) => `${name}=(${words.map(quote).join(" ")})`),
    `ghr_handoff=${about.seats ? quote(handoffs[0] ?? "") : handoffWord(handoffs)}`,
    "# The pool's lines; the first that fails ends the allocation.",
    "ghr_environment() {",
    ...about.environment.flatMap((line, index) => [`ghr_line=${index + 1}`, line, CHECK]),
    ":",
    "}",
    ...PARTS,
    about.seats ? "ghr_run_seats" : "ghr_main",
    "",
  ].join("\n");
}

/**
 * A word for bash that is this allocation's directory. All members of an array run one script: their directories differ
 * in the index alone (handoff/directory.ts), which PBS gives each of them.
 */
function handoffWord(handoffs: readonly string[]): string {
  const [first = ""] = handoffs;
  if (handoffs.length === 1) return quote(first);
  const [, before = "", after = ""] = /^(.*_)0(\.[^./]+)$/s.exec(first) ?? [];
  if (handoffs.some((path, index) => path !== `${before}${index}${after}`)) {
    throw new TypeError(`Not the handoffs of one array: ${first}, …`);
  }
  return `${quote(before)}"\${PBS_ARRAY_INDEX-}"${quote(after)}`;
}

/** One word for bash, whatever it holds. */
function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
