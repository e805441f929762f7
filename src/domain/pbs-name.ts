/**
 * An allocation's name is its PBS job's name (`qsub -N`), or that of an array or of a job with several seats, `_`, and
 * its place in it: `ghr-k3v9x0ab000`, `ghr-k3v9x0ab001_17`. A job's own name holds no `_`.
 */
export interface PbsName {
  /** At most 15 characters, a letter first, as older PBS wants. */
  readonly job: string;
  /** Its index in the array, or its seat; `null` for a job of its own. */
  readonly index: number | null;
}

/** Ten times less than PBS takes unless a site says otherwise (max_array_size 10000). */
export const LARGEST_ARRAY = 1_000;

export function pbsNameOf(allocation: string): PbsName {
  const [job = "", index] = allocation.split("_", 2);
  return { job, index: index === undefined ? null : Number(index) };
}

/** The names of `size` allocations that are submitted as one PBS job: an array, unless there is only one. */
export function allocationNames(job: string, size: number): string[] {
  return size === 1 ? [job] : Array.from({ length: size }, (_, index) => `${job}_${index}`);
}

/**
 * The id of an allocation whose PBS job has this id: `12[].vm` → `12[4].vm` for the one with index 4. Seats of one job
 * share its id.
 */
export function ownJobId(allocation: string, jobId: string): string {
  const { index } = pbsNameOf(allocation);
  return index === null ? jobId : jobId.replace("[]", `[${index}]`);
}

/** `queue@server` → `server`: where a job is submitted, and looked for; `null` for the default server. */
export function serverOfQueue(queue: string | null): string | null {
  const at = queue?.indexOf("@") ?? -1;
  return queue === null || at === -1 ? null : queue.slice(at + 1);
}
