import { once } from "node:events";
import type { Cluster } from "./cluster.ts";
import type { EmulatedJob } from "./job.ts";

/** How an answer is lost: the command is never answered, or dies before it prints anything. */
export type Loss = "hang" | "die";

/**
 * What can go wrong with the emulated PBS, on demand. Everything can be switched while it runs.
 */
export class PbsFaults {
  /** No command reaches the server. */
  down = false;
  /** Milliseconds by which every answer is late. */
  slow = 0;
  /** `qstat -F json` writes JSON that cannot be read, as releases up to 23.06 may. */
  brokenJson = false;
  readonly #cluster: Cluster;
  readonly #losses: { readonly command: string; readonly how: Loss }[] = [];
  readonly #hidden = new Map<string, number>();
  #stale: ReadonlyMap<string, EmulatedJob> | null = null;
  #hung: { readonly until: Promise<void>; readonly end: () => void } | null = null;

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  /** The server answers nobody; what was asked is done when it goes on, as after SIGSTOP and SIGCONT. */
  hang(): void {
    if (this.#hung !== null) return;
    const hold = new AbortController();
    const until = once(hold.signal, "abort").then(() => undefined);
    this.#hung = { until, end: () => hold.abort() };
  }

  goOn(): void {
    this.#hung?.end();
    this.#hung = null;
  }

  /** The next call of this command is carried out, and its answer lost. */
  loseAnswer(command: string, how: Loss): void {
    this.#losses.push({ command, how });
  }

  /** `qstat` shows everything as it is now, until told otherwise: a site's cache that is not refreshed. */
  freezeQstat(frozen: boolean): void {
    this.#stale = frozen ? snapshot(this.#cluster.jobs) : null;
  }

  /** The next `times` calls of `qstat` that would show this job do not know it. */
  hide(jobId: string, times = 1): void {
    this.#hidden.set(jobId, times);
  }

  hold(jobId: string): void {
    this.#cluster.hold(this.#job(jobId), true);
  }

  release(jobId: string): void {
    this.#cluster.hold(this.#job(jobId), false);
  }

  /** The job belongs to somebody else: it cannot be deleted (159). */
  giveAway(jobId: string, owner: string): void {
    this.#job(jobId).owner = owner;
  }

  loseNode(): void {
    this.#cluster.loseNode();
  }

  returnNode(): void {
    this.#cluster.returnNode();
  }

  /** For the server: waits as long as it hangs or is slow. */
  async delay(): Promise<void> {
    while (this.#hung !== null) await this.#hung.until;
    const { slow } = this;
    if (slow === 0) return;
    await new Promise<void>((resolve) => {
      setTimeout(resolve, slow).unref();
    });
  }

  /** For the server: whether this call's answer is to be lost. */
  takeLoss(command: string): Loss | null {
    const index = this.#losses.findIndex((loss) => loss.command === command);
    return index === -1 ? null : (this.#losses.splice(index, 1)[0]?.how ?? null);
  }

  /** For the server: the jobs that `qstat` sees in one call. */
  takeView(): ReadonlyMap<string, EmulatedJob> {
    const jobs = new Map(this.#stale ?? this.#cluster.jobs);
    for (const [id, times] of this.#hidden) {
      if (!jobs.delete(id)) continue;
      if (times > 1) this.#hidden.set(id, times - 1);
      else this.#hidden.delete(id);
    }
    return jobs;
  }

  #job(id: string): EmulatedJob {
    const job = this.#cluster.jobs.get(id);
    if (!job) throw new Error(`The emulated PBS has no job ${id}`);
    return job;
  }
}

function snapshot(jobs: ReadonlyMap<string, EmulatedJob>): Map<string, EmulatedJob> {
  return new Map([...jobs].map(([id, job]) => [id, { ...job }]));
}
