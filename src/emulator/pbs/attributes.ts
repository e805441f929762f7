import { formatWalltime } from "../../domain/time.ts";
import { ctime } from "./clock-text.ts";
import { FORGOTTEN } from "./cluster.ts";
import { isOver, isWaiting, outputFiles, type EmulatedJob } from "./job.ts";
import { submitVariables } from "./mom.ts";

export type Value = string | number | readonly string[] | Attributes;
/** In the order PBS prints them. */
export interface Attributes {
  readonly [name: string]: Value;
}

/** A job as an ordinary user's `qstat -f` shows it: names, order and types of the samples. */
export function attributesOf(job: EmulatedJob, server: string, subjobs: EmulatedJob[]): Attributes {
  const { request } = job;
  const isArray = request.array !== null && job.index === null;
  const paths = outputFiles(job);
  const where = `(${server}:ncpus=${request.ncpus})`;
  const ran = job.startedAt !== null && !isArray && !job.forgotten;
  // Of a forgotten member the array's own values are shown.
  const shown = job.forgotten ? (job.parent ?? job) : job;
  return {
    Job_Name: request.name,
    Job_Owner: `${job.owner}@${server}`,
    ...(ran ? { resources_used: used(job) } : {}),
    job_state: job.state,
    queue: request.queue,
    server,
    ...(request.account === null ? {} : { Account_Name: request.account }),
    Checkpoint: "u",
    ctime: ctime(job.createdAt),
    Error_Path: `${server}:${request.errorPath ?? paths.err}`,
    ...(ran ? { exec_host: `${server}/${execSlot(job)}`, exec_vnode: where } : {}),
    Hold_Types: job.held ? "u" : "n",
    Join_Path: request.joined ? "oe" : "n",
    Keep_Files: request.keep,
    Mail_Points: "a",
    mtime: ctime(job.changedAt),
    Output_Path: `${server}:${request.outputPath ?? paths.out}`,
    Priority: 0,
    qtime: ctime(job.createdAt),
    Rerunable: request.rerunnable ? "True" : "False",
    Resource_List: resourceList(job),
    ...(job.startedAt === null ? {} : { stime: ctime(job.startedAt) }),
    ...(job.endedAt === null || isArray ? {} : { obittime: ctime(job.endedAt) }),
    ...(job.sessionId === null ? {} : { session_id: job.sessionId }),
    ...(ran ? { jobdir: request.submitter.home } : {}),
    substate: shown.substate,
    Variable_List: Object.fromEntries(submitVariables(job, server)),
    ...commentOf(job),
    ...(job.held ? {} : { etime: ctime(job.createdAt) }),
    ...(job.runCount === 0 || job.forgotten ? {} : { run_count: job.runCount }),
    ...(isOver(job) && ran ? { Stageout_status: 1 } : {}),
    ...(shown.exitStatus === null ? {} : { Exit_status: shown.exitStatus }),
    Submit_arguments: request.submitArguments,
    ...arrayAttributes(job, subjobs, server),
    ...(job.endedAt === null ? {} : { history_timestamp: Math.floor(job.endedAt / 1_000) }),
    project: "_pbs_project_default",
    Submit_Host: server,
  };
}

function commentOf(job: EmulatedJob): Attributes {
  if (job.forgotten) return { comment: FORGOTTEN };
  const fresh = job.parent !== null && isWaiting(job) && job.runCount === 0;
  const { comment } = fresh ? (job.parent ?? job) : job;
  return comment === null ? {} : { comment };
}

function execSlot(job: EmulatedJob): string {
  const { ncpus } = job.request;
  return ncpus > 1 ? `${job.slot ?? 0}*${ncpus}` : `${job.slot ?? 0}`;
}

function used(job: EmulatedJob): Attributes {
  const until = job.endedAt ?? Date.now();
  return {
    cpupercent: 0,
    cput: "00:00:00",
    mem: "0kb",
    ncpus: job.request.ncpus,
    vmem: "0kb",
    walltime: elapsed(job, until),
  };
}

function elapsed(job: EmulatedJob, until: number): string {
  return formatWalltime((until - (job.startedAt ?? until)) / 1_000);
}

function resourceList({ request }: EmulatedJob): Attributes {
  const { ncpus, place, select, walltimeSeconds } = request;
  return {
    ncpus,
    nodect: 1,
    place,
    select,
    ...(walltimeSeconds === null ? {} : { walltime: formatWalltime(walltimeSeconds) }),
  };
}

function arrayAttributes(job: EmulatedJob, subjobs: EmulatedJob[], server: string): Attributes {
  const { array } = job.request;
  if (array === null) return {};
  if (job.index !== null) {
    return { array_id: `${job.sequence}[].${server}`, array_index: job.index };
  }
  const count = (states: string): number =>
    subjobs.filter((each) => states.includes(each.state)).length;
  const remaining = subjobs.filter((each) => each.state === "Q").map((each) => each.index);
  return {
    array: "True",
    array_state_count: `Queued:${count("QH")} Running:${count("R")} Exiting:${count("E")} Expired:${count("XF")}`,
    array_indices_submitted: array.text,
    array_indices_remaining: remaining.length === 0 ? "-" : remaining.join(","),
  };
}

/** How long it has run, as `qstat`'s short form shows it: `0` for one that never ran. */
export function timeUse(job: EmulatedJob): string {
  return job.startedAt === null ? "0" : elapsed(job, job.endedAt ?? Date.now());
}
