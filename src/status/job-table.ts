import type { EpochMs } from "../domain/time.ts";
import type { JobView } from "./job-view.ts";
import { notes } from "./notes.ts";
import type { Screen } from "./screen.ts";
import { table, type Column } from "./table.ts";
import { lasted } from "./times.ts";

/** Workflow jobs as a table, and below it what there is to say of them; `now` is for those that still wait or run. */
export function jobTable(jobs: readonly JobView[], now: EpochMs, screen: Screen): string {
  const drawn = table(jobs, columnsFor(jobs, now, screen), screen);
  const said = jobs.map((job) => ({ of: titleOf(job), note: job.note }));
  return [drawn, ...notes(said, screen)].join("\n");
}

function columnsFor(jobs: readonly JobView[], now: EpochMs, screen: Screen): Column<JobView>[] {
  const pools = new Set(jobs.map(({ pool }) => pool));
  const pool: Column<JobView> = { head: "pool", cell: (job) => job.pool ?? "–", leaveOut: 2 };
  return [
    { head: "workflow job", cell: titleOf, least: 24 },
    { head: "PBS job", cell: (job) => job.pbsJobId ?? "–", leaveOut: 1 },
    { head: "state", cell: (job) => stateOf(job, screen) },
    ...(pools.size > 1 ? [pool] : []),
    { head: "runner", cell: (job) => job.runner ?? "–", leaveOut: 3 },
    {
      head: "queue wait",
      cell: (job) => lasted(job.createdAt, job.startedAt ?? (isOver(job) ? null : now)),
      align: "right",
    },
    {
      head: "run time",
      cell: (job) => lasted(job.startedAt, job.completedAt ?? (isOver(job) ? null : now)),
      align: "right",
    },
  ];
}

function titleOf(job: JobView): string {
  return `${job.repository} · ${job.name}`;
}

function isOver(job: JobView): boolean {
  return job.status === "completed" || job.status === "refused";
}

function stateOf(job: JobView, { color }: Screen): string {
  if (job.status === "refused") return color.red("refused");
  if (job.status === "completed") {
    const { conclusion } = job;
    if (conclusion === "success") return color.green(conclusion);
    return conclusion === "failure" ? color.red(conclusion) : (conclusion ?? "completed");
  }
  if (job.status === "in_progress") return color.cyan("in progress");
  return color.yellow(job.pbsState === null ? job.status : `queued (PBS ${job.pbsState})`);
}
