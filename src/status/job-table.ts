import Table from "cli-table3";
import color from "picocolors";
import { formatWalltime } from "../domain/time.ts";
import type { JobView } from "./overview.ts";

/** Workflow jobs as a table for a terminal `width` columns wide; `now` is for those that still wait or run. */
export function jobTable(jobs: readonly JobView[], now: number, width: number): string {
  const table = new Table({
    head: ["workflow job", "PBS job", "state", "runner", "queue wait", "run time"],
    style: {
      head: color.isColorSupported ? ["bold"] : [],
      border: color.isColorSupported ? ["gray"] : [],
      compact: true,
    },
    colAligns: ["left", "left", "left", "left", "right", "right"],
  });
  const room = Math.max(20, width - 80);
  for (const job of jobs) {
    const name = `${job.repository} · ${job.name}`;
    table.push([
      name.length > room + 16 ? `${name.slice(0, room + 15)}…` : name,
      job.pbsJobId ?? "–",
      stateOf(job),
      job.runner ?? "–",
      duration(job.createdAt, job.startedAt ?? (isOver(job) ? null : now)),
      duration(job.startedAt, job.completedAt ?? (isOver(job) ? null : now)),
    ]);
  }
  const notes = jobs.filter(({ note }) => note !== null).map((job) => noteLine(job));
  return [table.toString(), ...new Set(notes)].join("\n");
}

function isOver(job: JobView): boolean {
  return job.status === "completed" || job.status === "refused";
}

function noteLine(job: JobView): string {
  return `  ${color.bold(`${job.repository} · ${job.name}`)}: ${job.note ?? ""}`;
}

function stateOf(job: JobView): string {
  if (job.status === "refused") return color.red("refused");
  if (job.status === "completed") {
    const { conclusion } = job;
    if (conclusion === "success") return color.green(conclusion);
    return conclusion === "failure" ? color.red(conclusion) : (conclusion ?? "completed");
  }
  if (job.status === "in_progress") return color.cyan("in progress");
  return color.yellow(job.pbsState === null ? job.status : `queued (PBS ${job.pbsState})`);
}

/** `MM:SS`, or hours before it. */
function duration(from: number | null, to: number | null): string {
  if (from === null || to === null) return "–";
  return formatWalltime((to - from) / 1000).replace(/^00:/, "");
}
