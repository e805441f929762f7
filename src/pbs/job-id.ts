/**
 * PBS's id of a job, always kept whole: `123.desched1`, array `123[].vm`, subjob `123[4].vm`. Without its server it
 * means another job on another server (facts/pbs.md §10.4).
 */
const JOB_ID = /^\d+(?:\[\d*\])?(?:\.[A-Za-z0-9][A-Za-z0-9_.-]*)?$/;

export function isJobId(text: string): boolean {
  return text.length <= 255 && JOB_ID.test(text);
}

/** `123[4].vm` → `vm`; empty when the id names no server. */
export function serverOf(jobId: string): string {
  const dot = jobId.indexOf(".");
  return dot === -1 ? "" : jobId.slice(dot + 1);
}

/** `123[4].vm` → `123[4]`: what tells the jobs of one server apart, however a site writes the server's name. */
export function sequenceOf(jobId: string): string {
  const dot = jobId.indexOf(".");
  return dot === -1 ? jobId : jobId.slice(0, dot);
}

/** The job ids in a command's output, one a line; anything else (a wrapper's greeting, warnings) is passed over. */
export function jobIdsIn(output: string): string[] {
  return output
    .split("\n")
    .map((line) => line.trim())
    .filter(isJobId);
}

/** Linux allows 2 MiB of argv and environment in all; a quarter of the least common limit keeps clear of any. */
const ARGV_BYTES = 128 * 1024;

/**
 * Splits ids into calls: one server a call (the exit code of a call for several servers is only that of the last,
 * facts/pbs.md §10.24), and no more than fit into argv. Ids that are none are left out: `qstat ""` lists every job.
 */
export function callsFor(jobIds: readonly string[], argvBytes = ARGV_BYTES): string[][] {
  const byServer = new Map<string, string[]>();
  for (const id of new Set(jobIds)) {
    if (!isJobId(id)) continue;
    const server = serverOf(id);
    const ids = byServer.get(server);
    if (ids) ids.push(id);
    else byServer.set(server, [id]);
  }
  return [...byServer.values()].flatMap((ids) => chunk(ids, argvBytes));
}

function chunk(ids: readonly string[], argvBytes: number): string[][] {
  const chunks: string[][] = [];
  let current: string[] = [];
  let bytes = 0;
  for (const id of ids) {
    // Each argument also costs its terminator and a pointer.
    const cost = id.length + 9;
    if (bytes + cost > argvBytes && current.length > 0) {
      chunks.push(current);
      current = [];
      bytes = 0;
    }
    current.push(id);
    bytes += cost;
  }
  if (current.length > 0) chunks.push(current);
  return chunks;
}
