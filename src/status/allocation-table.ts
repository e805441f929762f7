import type { EpochMs } from "../domain/time.ts";
import type { AllocationView } from "./allocation-view.ts";
import { notes } from "./notes.ts";
import type { Screen } from "./screen.ts";
import { table, type Column } from "./table.ts";
import { lasted } from "./times.ts";

/** Allocations as a table, and below it what there is to say of them; `now` is for those that still wait or run. */
export function allocationTable(
  allocations: readonly AllocationView[],
  now: EpochMs,
  screen: Screen,
): string {
  const drawn = table(allocations, columnsAt(now, screen), screen);
  const said = allocations.map(({ name, note }) => ({ of: name, note }));
  return [drawn, ...notes(said, screen)].join("\n");
}

function columnsAt(now: EpochMs, screen: Screen): Column<AllocationView>[] {
  return [
    { head: "allocation", cell: ({ name }) => name },
    { head: "PBS job", cell: ({ pbsJobId }) => pbsJobId ?? "–" },
    { head: "state", cell: (each) => stateOf(each, screen) },
    { head: "pool", cell: ({ pool }) => pool, least: 8, leaveOut: 2 },
    { head: "node", cell: nodesOf, least: 8, leaveOut: 3 },
    { head: "jobs", cell: ({ jobs }) => jobs.join(", ") || "–", least: 12, leaveOut: 1 },
    {
      head: "waited",
      cell: (each) => lasted(each.intendedAt, each.startedAt ?? each.endedAt ?? now),
      align: "right",
    },
    {
      head: "ran",
      cell: (each) => lasted(each.startedAt, each.endedAt ?? now),
      align: "right",
    },
  ];
}

/** `node1/0*4+node2/0*4` as PBS prints it: the nodes alone, each once. */
function nodesOf({ execHost }: AllocationView): string {
  const nodes = (execHost ?? "").split("+").map((part) => part.split("/", 1)[0] ?? "");
  return [...new Set(nodes)].join(" ") || "–";
}

function stateOf({ phase, pbsState }: AllocationView, { color }: Screen): string {
  const paint = phase === "ended" ? color.dim : phase === "serving" ? color.cyan : color.yellow;
  return paint(phase === "ended" || pbsState === null ? phase : `${phase} (PBS ${pbsState})`);
}
