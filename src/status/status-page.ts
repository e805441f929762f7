import type { PauseView } from "./pause-view.ts";
import { printable } from "../domain/labels.ts";
import type { EpochMs } from "../domain/time.ts";
import type { PoolView, StatusView } from "./records.ts";
import type { Screen } from "./screen.ts";
import { table, type Column } from "./table.ts";
import { moment } from "./times.ts";

const POOL_COLUMNS: readonly Column<PoolView>[] = [
  { head: "pool", cell: ({ name }) => name, least: 12 },
  { head: "jobs queued", cell: ({ jobs }) => String(jobs.queued), align: "right" },
  { head: "running", cell: ({ jobs }) => String(jobs.running), align: "right" },
  {
    head: "allocations waiting",
    cell: ({ allocations }) => String(allocations.pending),
    align: "right",
  },
  {
    head: "ready",
    cell: ({ allocations }) => String(allocations.ready + allocations.between),
    align: "right",
  },
  { head: "serving", cell: ({ allocations }) => String(allocations.serving), align: "right" },
  {
    head: "leaving",
    cell: ({ allocations }) => String(allocations.leaving),
    align: "right",
    leaveOut: 2,
  },
  { head: "at most", cell: ({ most }) => String(most ?? "–"), align: "right", leaveOut: 1 },
];

/** How each pool fares, and what is paused. */
export function statusPage({ at, pools, refused, holds }: StatusView, screen: Screen): string {
  const refusals =
    refused === 0
      ? []
      : [
          `${refused} queued ${refused === 1 ? "job is" : "jobs are"} refused: hpc-runners jobs says why.`,
        ];
  const pauses =
    holds.length === 0 ? ["Nothing is paused."] : holds.map((hold) => pauseLine(hold, at, screen));
  return [table(pools, POOL_COLUMNS, screen), "", ...refusals, ...pauses].join("\n");
}

function pauseLine(
  { of, reason, failures, until }: PauseView,
  now: EpochMs,
  { color }: Screen,
): string {
  const when = until > now ? `tried again ${moment(until, now)}` : "due to be tried again";
  const times = failures === 1 ? "" : `, ${failures} failures in a row`;
  return `${color.yellow("Paused")}: ${color.bold(of)}: ${printable(reason, 1_000)} (${when}${times})`;
}
