import { jobTable } from "../status/job-table.ts";
import { screenOf } from "../status/screen.ts";
import { printList, type ListOptions } from "./list.ts";
import { withSource } from "./source.ts";

/** Lists workflow jobs: those that wait or run, or all. */
export async function jobs(options: ListOptions): Promise<void> {
  await withSource(async (source) => {
    const list = await source.records.jobs(options);
    const empty = options.all ? "No workflow job is known." : "No workflow job waits or runs.";
    printList(source, list, options, {
      shown: list.jobs.length,
      show: () =>
        list.jobs.length === 0 ? empty : jobTable(list.jobs, list.at, screenOf(process.stdout)),
    });
  });
}
