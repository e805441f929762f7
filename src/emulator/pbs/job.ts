import type { PbsState } from "../../domain/pbs-job.ts";
import type { EpochMs } from "../../domain/time.ts";

/** What a `qsub` asked for, after its options and the `#PBS` lines were read. */
export interface JobRequest {
  readonly name: string;
  readonly queue: string;
  readonly account: string | null;
  readonly ncpus: number;
  readonly select: string;
  readonly place: string;
  readonly walltimeSeconds: number | null;
  readonly script: string;
  readonly joined: boolean;
  /** The letters of `-k`; `d` writes the output in its final place while the job runs. */
  readonly keep: string;
  readonly outputPath: string | null;
  readonly errorPath: string | null;
  readonly rerunnable: boolean;
  readonly held: boolean;
  readonly variables: readonly (readonly [string, string])[];
  readonly array: ArrayRange | null;
  readonly umask: string;
  readonly submitArguments: string;
  readonly submitter: Submitter;
}

export interface ArrayRange {
  readonly text: string;
  readonly indices: readonly number[];
  /** `%2`: how many may run at once. */
  readonly atOnce: number;
}

/** Who called a command, and from where. */
export interface Submitter {
  readonly user: string;
  readonly cwd: string;
  readonly home: string;
  readonly shell: string;
  readonly path: string;
  readonly lang: string;
}

/** One job as the emulated server keeps it. */
export interface EmulatedJob {
  readonly id: string;
  readonly sequence: number;
  readonly request: JobRequest;
  readonly createdAt: EpochMs;
  /** For a subjob: its array and its index. */
  readonly parent: EmulatedJob | null;
  readonly index: number | null;
  owner: string;
  state: PbsState;
  substate: number;
  comment: string | null;
  held: boolean;
  changedAt: EpochMs;
  startedAt: EpochMs | null;
  endedAt: EpochMs | null;
  exitStatus: number | null;
  runCount: number;
  slot: number | null;
  sessionId: number | null;
  /** A member of an array of which the server keeps no more than that it has ended; it then shows its array's own values. */
  forgotten: boolean;
  /** Why it is being ended before its time, as the end of its comment says it. */
  ending: string | null;
}

export function isWaiting(job: EmulatedJob): boolean {
  return job.state === "Q" || job.state === "H" || job.state === "W";
}

export function isOver(job: EmulatedJob): boolean {
  return job.state === "F" || job.state === "X";
}

/** Where the two streams end up: `dir/` means `dir/<id>.OU`; by default the submit directory. */
export function outputFiles(job: EmulatedJob): { readonly out: string; readonly err: string } {
  const { request, sequence, id, index } = job;
  const suffix = index === null ? `${sequence}` : `${sequence}.${index}`;
  const base = `${request.submitter.cwd.replace(/\/$/, "")}/${request.name}`;
  return {
    out: fileFor(request.outputPath, `${base}.o${suffix}`, `${id}.OU`),
    err: fileFor(request.errorPath, `${base}.e${suffix}`, `${id}.ER`),
  };
}

function fileFor(asked: string | null, fallback: string, inDirectory: string): string {
  if (asked === null) return fallback;
  return asked.endsWith("/") ? `${asked}${inDirectory}` : asked;
}
