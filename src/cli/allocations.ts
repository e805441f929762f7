import { existsSync } from "node:fs";
import { CommanderError } from "commander";
import { allocationSheet } from "../status/allocation-sheet.ts";
import { allocationTable } from "../status/allocation-table.ts";
import { screenOf } from "../status/screen.ts";
import { printJson, printList, type ListOptions } from "./list.ts";
import { withSource } from "./source.ts";

/** Lists allocations: those that live, or all. */
export async function allocations(options: ListOptions): Promise<void> {
  await withSource(async (source) => {
    const list = await source.records.allocations(options);
    const empty = options.all ? "No allocation is known." : "No allocation lives.";
    printList(source, list, options, {
      shown: list.allocations.length,
      show: () =>
        list.allocations.length === 0
          ? empty
          : allocationTable(list.allocations, list.at, screenOf(process.stdout)),
    });
  });
}

/** Shows everything that is known of one allocation. */
export async function showAllocation(key: string, { json }: { json: boolean }): Promise<void> {
  await withSource(async ({ records, instance, remark }) => {
    const found = await records.allocation(key);
    if (remark !== null) console.error(remark);
    if (found.length === 0) {
      const message = `No allocation has the name or the PBS job id ${JSON.stringify(key)}: hpc-runners allocations --all lists them.`;
      throw new CommanderError(1, "hpc-runners.unknownAllocation", message);
    }
    if (json) return printJson({ instance, allocations: found });
    const sheets = found.map((record) => {
      const { logFile } = record;
      const written = logFile === null || existsSync(logFile);
      const shown = written ? record : { ...record, logFile: `${logFile} (not written yet)` };
      return allocationSheet(shown, screenOf(process.stdout));
    });
    console.log(sheets.join("\n\n"));
  });
}
