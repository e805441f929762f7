import { constants } from "node:fs";
import { access, stat } from "node:fs/promises";
import { homedir, userInfo } from "node:os";
import { delimiter, join } from "node:path";
import { execa } from "execa";
import type { Logger } from "pino";
import type { CallBudget } from "./budget.ts";

export type PbsCommandName = "qsub" | "qstat" | "qselect" | "qdel";

/** Where PBS's commands are found and how long each may take. */
export interface CommandSettings {
  /** The directory of `qsub` and the others; `null` looks through PATH. */
  readonly binDirectory: string | null;
  /** Milliseconds for one call. */
  readonly timeouts: Readonly<Record<PbsCommandName, number>>;
  /** The environment to choose from: only what `commandEnvironment` names is passed on. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** `null`: as many calls as are asked for. */
  readonly budget: CallBudget | null;
  readonly log: Logger;
}

export interface CommandCall {
  readonly command: PbsCommandName;
  readonly args: readonly string[];
  readonly stdin?: string;
  /** An existing directory; `/` where it does not matter. */
  readonly cwd?: string;
  /** Goes past a site's `qstat` cache (NCAR's wrapper reads `QSCACHE_BYPASS`). */
  readonly fresh?: boolean;
  /** Privileged ports that it takes; 1 if not given. */
  readonly ports?: number;
}

/** A call that came to an end by itself. The texts may hold U+FFFD: PBS passes other people's raw bytes on. */
export interface Answer {
  readonly kind: "exited";
  readonly command: PbsCommandName;
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export type CommandResult =
  | Answer
  /** Killed, or by us after its time: it may have done its work all the same. */
  | { readonly kind: "unknown"; readonly reason: string }
  /** It could not be started for want of something that may come back (memory, processes, a directory). */
  | { readonly kind: "retry"; readonly reason: string }
  /** There is no such command, or it may not be run. */
  | { readonly kind: "unusable"; readonly reason: string };

/**
 * A command that finds no free privileged port stalls for 61 s and then succeeds (facts/pbs.md §0.1): a shorter
 * timeout would turn each such call into a lost answer.
 */
export const DEFAULT_TIMEOUT = 90_000;

/** More than the listing of 5000 jobs with large environments (6.7 MB measured). */
const MAX_OUTPUT = 256 * 1024 * 1024;

const PASSED_ON = [
  "PATH",
  "HOME",
  "USER",
  "LOGNAME",
  "SHELL",
  // PBS's times carry no zone. `qstat` itself prints them in its own process's zone, a cached one in the server's.
  // With our own zone (TZ, or the machine's where it is not set) both read right wherever the login node and the
  // server share one; see qstat/job.ts.
  "TZ",
  "PBS_CONF_FILE",
  "PBS_EXEC",
  "PBS_SERVER",
  "PBS_DEFAULT",
  "QSCACHE_SERVER",
  "KRB5CCNAME",
] as const;

/** The whole environment of a PBS command: nothing else of ours (tokens, secrets) reaches it or a job. */
export function commandEnvironment(
  source: CommandSettings["environment"],
  fresh = false,
): Record<string, string> {
  const environment: Record<string, string> = { ...accountEnvironment(), LC_ALL: "C" };
  for (const name of PASSED_ON) {
    const value = source[name];
    if (value !== undefined) environment[name] = value;
  }
  if (fresh) environment["QSCACHE_BYPASS"] = "true";
  return environment;
}

function accountEnvironment(): Record<string, string> {
  const { username, shell } = userInfo();
  return {
    PATH: "/usr/local/bin:/usr/bin:/bin",
    HOME: homedir(),
    USER: username,
    LOGNAME: username,
    SHELL: shell ?? "/bin/sh",
  };
}

/**
 * Runs one PBS command to its end, when the budget has room for it: no shell, a private environment, a timeout. Never
 * rejects.
 */
export function runCommand(settings: CommandSettings, call: CommandCall): Promise<CommandResult> {
  const run = (): Promise<CommandResult> => runNow(settings, call);
  return settings.budget?.run(call.command, call.ports ?? 1, run) ?? run();
}

async function runNow(settings: CommandSettings, call: CommandCall): Promise<CommandResult> {
  const { command } = call;
  const environment = commandEnvironment(settings.environment, call.fresh);
  const found = await findCommand(command, settings.binDirectory, environment["PATH"] ?? "");
  if (found.path === null) return { kind: "unusable", reason: found.reason };
  const cwd = call.cwd ?? "/";
  if (!(await isDirectory(cwd))) {
    return { kind: "retry", reason: `${command} needs the directory ${cwd}, which is not there` };
  }
  const started = performance.now();
  const result = await execute(found.path, call, {
    cwd,
    environment,
    timeout: settings.timeouts[command],
  });
  settings.log.debug(
    {
      command,
      args: call.args.length,
      result: result.kind,
      code: result.kind === "exited" ? result.code : null,
      milliseconds: Math.round(performance.now() - started),
    },
    "PBS command ended",
  );
  return result;
}

interface Surroundings {
  readonly cwd: string;
  readonly environment: Record<string, string>;
  readonly timeout: number;
}

async function execute(
  path: string,
  call: CommandCall,
  { cwd, environment, timeout }: Surroundings,
): Promise<CommandResult> {
  const { command } = call;
  const result = await execa(path, call.args, {
    cwd,
    env: environment,
    extendEnv: false,
    input: call.stdin ?? "",
    timeout,
    forceKillAfterDelay: 2_000,
    maxBuffer: MAX_OUTPUT,
    encoding: "buffer",
    stripFinalNewline: false,
    reject: false,
  });
  if (result.timedOut) {
    return { kind: "unknown", reason: `${command} did not answer within ${timeout / 1_000} s` };
  }
  if (result.exitCode !== undefined && !result.isMaxBuffer) {
    return {
      kind: "exited",
      command,
      code: result.exitCode,
      stdout: decode(result.stdout),
      stderr: decode(result.stderr),
    };
  }
  if (result.isTerminated || result.isMaxBuffer) {
    const how = result.isMaxBuffer ? "printed too much" : `was killed (${String(result.signal)})`;
    return { kind: "unknown", reason: `${command} ${how}` };
  }
  return notStarted(path, command, result.code);
}

function notStarted(path: string, command: string, code: string | undefined): CommandResult {
  const kind = code === "ENOENT" || code === "EACCES" || code === "ENOEXEC" ? "unusable" : "retry";
  return {
    kind,
    reason: `${command} (${path}) could not be started: ${code ?? "no reason given"}`,
  };
}

/** Never fails: a job's environment may hold any bytes, and one job must not hide the others (facts/pbs.md §0.3). */
function decode(bytes: Uint8Array): string {
  return new TextDecoder("utf-8", { fatal: false }).decode(bytes);
}

type Located =
  | { readonly path: string; readonly reason?: never }
  | { readonly path: null; readonly reason: string };

/** Looks through PATH where no directory is given. */
export async function findCommand(
  command: PbsCommandName,
  binDirectory: string | null,
  path: string,
): Promise<Located> {
  const directories = binDirectory === null ? path.split(delimiter) : [binDirectory];
  let denied: string | null = null;
  for (const directory of directories) {
    if (directory === "") continue;
    const candidate = join(directory, command);
    const status = await executable(candidate);
    if (status === "yes") return { path: candidate };
    if (status === "denied") denied ??= candidate;
  }
  if (denied !== null) return { path: null, reason: `${denied} may not be executed by this user` };
  const where = binDirectory === null ? `on PATH (${path})` : `in ${binDirectory}`;
  return { path: null, reason: `PBS's command ${command} was not found ${where}` };
}

async function executable(path: string): Promise<"yes" | "no" | "denied"> {
  try {
    if (!(await stat(path)).isFile()) return "no";
    await access(path, constants.X_OK);
    return "yes";
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : null;
    return code === "EACCES" ? "denied" : "no";
  }
}

async function isDirectory(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch {
    return false;
  }
}
