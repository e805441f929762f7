import { spawn, type ChildProcess } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { copyFile, mkdir, rename, rm, writeFile } from "node:fs/promises";
import { constants } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { outputFiles, type EmulatedJob } from "./job.ts";
import { JobProcesses } from "./job-processes.ts";
import type { Settings } from "./options.ts";

/** A job's processes on the emulated node. */
export interface RunningJob {
  /** The top process and its process group: `session_id`. */
  readonly pid: number;
  /** TERM to all its processes; KILL to what is left after the delay. */
  terminate(): void;
  kill(): void;
  /** Its Exit_status, when every process of it has ended and its output is delivered. */
  readonly ended: Promise<number>;
}

/** Starts the job's script under bash, in its own process group, with nothing of the submitter's environment. */
export async function startJob(job: EmulatedJob, settings: Settings): Promise<RunningJob> {
  const places = await makePlaces(job, settings);
  const out = openSync(places.out, "a", 0o600);
  const err = job.request.joined ? out : openSync(places.err, "a", 0o600);
  const interpreter = interpreterOf(job.request.script);
  // As on a real node the script is a child of a shell: the top process dies of TERM whatever the script traps.
  const child = spawn(
    "/bin/bash",
    ["-c", 'umask "$0"; "$@"; exit $?', job.request.umask, ...interpreter, places.script],
    {
      cwd: job.request.submitter.home,
      env: jobEnvironment(job, settings, places),
      stdio: ["ignore", out, err],
      detached: true,
    },
  );
  const exited = exitOf(child);
  closeSync(out);
  if (err !== out) closeSync(err);
  const processes = new JobProcesses(child.pid ?? 0, `PBS_NODEFILE=${places.nodeFile}`);
  return supervise(processes, exited, settings.killDelay, () => tidyUp(job, places));
}

function supervise(
  processes: JobProcesses,
  exited: Promise<number>,
  killDelay: number,
  tidy: () => Promise<void>,
): RunningJob {
  let deadline: number | null = null;
  let killer: NodeJS.Timeout | null = null;
  const mayLive = (): boolean => deadline !== null && performance.now() < deadline;
  const end = async (): Promise<number> => {
    const status = await exited;
    // A job that was told to end keeps its time: its traps may still be at work.
    while (mayLive() && (await processes.live())) await sleep(50);
    if (killer !== null) clearTimeout(killer);
    await processes.killAll();
    await tidy();
    return status;
  };
  return {
    pid: processes.group,
    terminate() {
      if (deadline !== null) return;
      deadline = performance.now() + killDelay;
      processes.signal("SIGTERM");
      killer = setTimeout(() => processes.signal("SIGKILL"), killDelay);
    },
    kill() {
      deadline ??= 0;
      processes.signal("SIGKILL");
    },
    ended: end(),
  };
}

function exitOf(child: ChildProcess): Promise<number> {
  return new Promise((resolve) => {
    // 254: PBS's own status for a job that could not be executed.
    child.once("error", () => resolve(254));
    child.once("exit", (code, signal) => {
      resolve(code ?? 256 + (signal === null ? 0 : constants.signals[signal]));
    });
  });
}

interface Places {
  readonly script: string;
  readonly temporary: string;
  readonly nodeFile: string;
  readonly out: string;
  readonly err: string;
  readonly undelivered: string;
}

async function makePlaces(job: EmulatedJob, settings: Settings): Promise<Places> {
  const { id, request, runCount } = job;
  const at = (...parts: string[]): string => join(settings.directory, ...parts);
  // What an earlier run left on a node that was lost is tidied up while this one goes on.
  const run = runCount > 1 ? `${id}.${runCount}` : id;
  const temporary = at("tmp", `pbs.${run}`);
  const script = at("jobs", `${run}.SC`);
  const nodeFile = at("jobs", `${run}.nodes`);
  for (const directory of [temporary, at("jobs"), at("spool"), at("undelivered")]) {
    await mkdir(directory, { recursive: true, mode: 0o700 });
  }
  await writeFile(script, request.script, { mode: 0o700 });
  await writeFile(nodeFile, `${settings.server}\n`);
  const direct = request.keep.includes("d") && request.keep.includes("o");
  const spool = { out: at("spool", `${id}.OU`), err: at("spool", `${id}.ER`) };
  return {
    script,
    temporary,
    nodeFile,
    undelivered: at("undelivered"),
    ...(direct ? outputFiles(job) : spool),
  };
}

/** A script without `#!` is run by the shell. */
function interpreterOf(script: string): string[] {
  const words = /^#!\s*(\S+)(?:[ \t]+(\S+))?/.exec(script)?.slice(1) ?? ["/bin/bash"];
  return words.filter((word) => word !== undefined);
}

function jobEnvironment(
  job: EmulatedJob,
  settings: Settings,
  places: Places,
): Record<string, string> {
  const { submitter, queue, name } = job.request;
  return {
    HOME: submitter.home,
    USER: submitter.user,
    LOGNAME: submitter.user,
    SHELL: submitter.shell,
    PATH: "/usr/local/bin:/usr/bin:/bin",
    ...settings.jobEnvironment,
    ...Object.fromEntries(submitVariables(job, settings.server)),
    ENVIRONMENT: "BATCH",
    NCPUS: `${job.request.ncpus}`,
    OMP_NUM_THREADS: `${job.request.ncpus}`,
    PBS_ENVIRONMENT: "PBS_BATCH",
    PBS_JOBDIR: submitter.home,
    PBS_JOBID: job.id,
    PBS_JOBNAME: name,
    PBS_NODEFILE: places.nodeFile,
    PBS_NODENUM: "0",
    PBS_QUEUE: queue,
    PBS_TASKNUM: "1",
    TMPDIR: places.temporary,
    ...(job.parent === null
      ? {}
      : { PBS_ARRAY_ID: job.parent.id, PBS_ARRAY_INDEX: `${job.index}` }),
  };
}

/** What `qsub` itself adds to a job's Variable_List. */
export function submitVariables(job: EmulatedJob, server: string): (readonly [string, string])[] {
  const { submitter, variables, queue } = job.request;
  return [
    ["PBS_O_HOME", submitter.home],
    ["PBS_O_LANG", submitter.lang],
    ["PBS_O_LOGNAME", submitter.user],
    ["PBS_O_PATH", submitter.path],
    ["PBS_O_SHELL", submitter.shell],
    ["PBS_O_INTERACTIVE_AUTH_METHOD", "resvport"],
    ["PBS_O_INTERACTIVE_ENCRYPT_METHOD", ""],
    ["PBS_O_WORKDIR", submitter.cwd],
    ["PBS_O_SYSTEM", "Linux"],
    ...variables,
    ["PBS_O_QUEUE", queue],
    ["PBS_O_HOST", server],
  ];
}

async function tidyUp(job: EmulatedJob, places: Places): Promise<void> {
  const final = outputFiles(job);
  const streams = job.request.joined ? (["out"] as const) : (["out", "err"] as const);
  for (const stream of streams) {
    if (places[stream] !== final[stream]) {
      await deliver(places[stream], final[stream], places.undelivered);
    }
  }
  await rm(places.temporary, { recursive: true, force: true });
  await rm(places.script, { force: true });
  await rm(places.nodeFile, { force: true });
}

/** PBS copies the output at the end; what it cannot deliver it keeps, and the job's Exit_status does not show it. */
async function deliver(from: string, to: string, undelivered: string): Promise<void> {
  try {
    if (to !== "/dev/null") await copyFile(from, to);
    await rm(from, { force: true });
  } catch {
    await rename(from, join(undelivered, from.slice(from.lastIndexOf("/") + 1))).catch(() => null);
  }
}
