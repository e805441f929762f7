import type { Allocation } from "../domain/allocation.ts";
import { printable, showLabels } from "../domain/labels.ts";
import { explainExitStatus } from "../domain/pbs-job.ts";
import { formatWalltime, type EpochMs } from "../domain/time.ts";
import type { AllocationRecord } from "./records.ts";
import type { Screen } from "./screen.ts";
import { table } from "./table.ts";
import { clock, lasted, moment } from "./times.ts";

/** One line of the sheet. `null` where there is nothing to say: the line is left out. */
type Row = readonly [label: string, text: (record: AllocationRecord) => string | null];

/** The sheet in its order: to show one more thing of an allocation, add a row. */
const ROWS: readonly Row[] = [
  ["pool", ({ allocation: { lane } }) => lane.pool],
  ["labels", ({ allocation: { lane } }) => showLabels(lane.labels)],
  ["asks for", ({ allocation }) => requestOf(allocation)],
  ["for", ({ allocation: { beneficiary } }) => beneficiaryOf(beneficiary)],
  ["account", ({ allocation: { lane } }) => lane.identity.account],
  ["registered in", ({ allocation }) => registrationOf(allocation)],
  ["state", ({ phase }) => phase],
  ["submission", (record) => submissionOf(record)],
  ["PBS job", ({ allocation }) => allocation.pbsJobId],
  ["PBS state", (record) => pbsStateOf(record)],
  ["PBS says", ({ allocation: { sighting } }) => sighting?.job.comment ?? null],
  ["runs on", ({ allocation: { sighting } }) => sighting?.job.execHost ?? null],
  ["started", ({ allocation, at }) => momentOr(startOf(allocation), at)],
  ["first word", ({ allocation, at }) => momentOr(allocation.announcedAt, at)],
  ["turns", ({ allocation }) => turnsOf(allocation)],
  ["told to end", ({ allocation, at }) => momentOr(allocation.releasedAt, at)],
  ["deleted", ({ allocation: { deletion }, at }) => timesOf(deletion, at)],
  ["remark", ({ allocation }) => allocation.remark],
  ["last word", ({ allocation: { farewell }, at }) => farewellOf(farewell, at)],
  ["missed by PBS", ({ allocation: { absence }, at }) => absenceOf(absence, at)],
  ["exit status", ({ allocation: { sighting } }) => exitOf(sighting?.job.exitStatus ?? null)],
  ["ended", ({ allocation, at }) => momentOr(allocation.endedAt, at)],
  ["why", ({ allocation }) => allocation.end],
  ["its output", ({ logFile }) => logFile],
  ["kept", ({ runners }) => keptOf(runners)],
];

/** Longer ones are shown to their beginning: some are PBS's or the node's words. */
const LONGEST = 2_000;

/** Everything that is known of an allocation: a line each, then its runners. */
export function allocationSheet(record: AllocationRecord, screen: Screen): string {
  const rows = ROWS.flatMap(([label, text]) => {
    const shown = text(record);
    return shown === null ? [] : [[label, shown] as const];
  });
  const width = Math.max(...rows.map(([label]) => label.length));
  const lines = rows.map(
    ([label, shown]) => `  ${label.padEnd(width)}  ${printable(shown, LONGEST)}`,
  );
  const runners =
    record.runners.length === 0 ? ["  It has had no runner."] : [runnerTable(record, screen)];
  return [screen.color.bold(record.allocation.name), ...lines, "", ...runners].join("\n");
}

function runnerTable({ runners, at }: AllocationRecord, screen: Screen): string {
  return table(
    runners,
    [
      { head: "runner", cell: ({ runner }) => runner.name },
      { head: "turn", cell: ({ runner }) => String(runner.turn), align: "right" },
      { head: "on GitHub", cell: ({ runner }) => runner.state, leaveOut: 1 },
      { head: "id", cell: ({ runner }) => String(runner.id ?? "–"), align: "right", leaveOut: 3 },
      { head: "made", cell: ({ runner }) => clock(runner.mintingAt), leaveOut: 2 },
      {
        head: "workflow job",
        cell: ({ job }) => (job === null ? "–" : `${job.repository} · ${job.name}`),
        least: 16,
      },
      { head: "result", cell: ({ job }) => job?.conclusion ?? job?.status ?? "–" },
      {
        head: "exit",
        cell: ({ runner: { exit } }) =>
          exit === null ? "–" : `${exit.code}, ${exit.cause}: ${printable(exit.reason, 200)}`,
        least: 10,
      },
      {
        head: "lasted",
        cell: ({ runner }) => lasted(runner.deliveredAt, runner.exit?.at ?? runner.goneAt ?? at),
        align: "right",
      },
    ],
    screen,
  );
}

function requestOf({ lane: { request } }: Allocation): string {
  const { select, place, walltimeSeconds, allocationSeconds, priority, resources } = request;
  const forOneJob =
    allocationSeconds === walltimeSeconds
      ? ""
      : ` (${formatWalltime(walltimeSeconds)} for one job)`;
  const parts = [
    `select=${select}`,
    ...(place === null ? [] : [`place=${place}`]),
    `walltime=${formatWalltime(allocationSeconds)}${forOneJob}`,
    ...resources,
    ...(priority === null ? [] : [`priority ${priority}`]),
    `queue ${request.queue ?? "of the server's choice"}`,
  ];
  return parts.join(", ");
}

function beneficiaryOf(beneficiary: Allocation["beneficiary"]): string {
  if (beneficiary === null) return "whoever comes: it is warm";
  const { repository, actor } = beneficiary;
  return actor === null ? repository : `${repository}, ${actor}`;
}

/** What is kept of runners that failed. */
function keptOf(runners: AllocationRecord["runners"]): string | null {
  const kept = runners.flatMap(({ diagnostics }) => diagnostics ?? []);
  return kept.length === 0 ? null : kept.join(", ");
}

function registrationOf({ lane: { identity } }: Allocation): string {
  const { scope, runnerGroup } = identity;
  return `${scope.organization}, runner group ${runnerGroup} (installation ${scope.installationId})`;
}

function submissionOf({ allocation: { submission, intendedAt, lookups }, at }: AllocationRecord) {
  const asked = lookups.times === 0 ? "" : `; PBS was asked ${lookups.times} times by its name`;
  return `${submission}, begun ${moment(intendedAt, at)}${asked}`;
}

function pbsStateOf({ allocation: { sighting }, at }: AllocationRecord): string | null {
  if (sighting === null) return null;
  const { state, substate } = sighting.job;
  return `${state}${substate === null ? "" : `, substate ${substate}`}, seen ${moment(sighting.at, at)}`;
}

function startOf({ sighting }: Allocation): EpochMs | null {
  return sighting?.job.startedAt ?? null;
}

function turnsOf({ turns: { asked, delivered, reported } }: Allocation): string | null {
  if (asked === 0) return null;
  return `asked for a runner ${asked}×, was given one ${delivered}×, reported its end ${reported}×`;
}

function farewellOf(farewell: Allocation["farewell"], now: EpochMs): string | null {
  return farewell === null
    ? null
    : `${farewell.cause}: ${farewell.reason}, ${moment(farewell.at, now)}`;
}

function absenceOf(absence: Allocation["absence"], now: EpochMs): string | null {
  if (absence === null) return null;
  const asked = absence.confirmedAt === null ? "" : "; it does not know it, asked directly";
  return `not listed ${absence.times}×, first ${moment(absence.since, now)}${asked}`;
}

function exitOf(status: number | null): string | null {
  if (status === null) return null;
  const meaning = explainExitStatus(status);
  if (meaning.kind === "exited") return String(status);
  return `${status}: ${meaning.kind === "pbs" ? meaning.reason : `killed by signal ${meaning.signal}`}`;
}

function timesOf({ times, last }: Allocation["deletion"], now: EpochMs): string | null {
  return times === 0 ? null : `asked for ${times}×, last ${moment(last, now)}`;
}

function momentOr(at: EpochMs | null, now: EpochMs): string | null {
  return at === null ? null : moment(at, now);
}
