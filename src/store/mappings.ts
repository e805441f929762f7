import { z } from "zod";
import { SUBMISSIONS, type Allocation } from "../domain/allocation.ts";
import { END_CAUSES, type EndCause } from "../domain/end-cause.ts";
import type { Hold } from "../domain/hold.ts";
import type { Lane } from "../domain/lane.ts";
import type { PbsJob } from "../domain/pbs-job.ts";
import { RUNNER_STATES, type Runner } from "../domain/runner.ts";
import { ROOT_METHODS, type RunnerExit } from "../domain/runner-exit.ts";
import { STATUSES, type RegistrationScope, type WorkflowJob } from "../domain/workflow-job.ts";
import type { Db } from "./database.ts";
import { isRow, type Mapping, type Row } from "./table.ts";

/** The store is ours alone: a row that is not of the schema's shape is a damaged file, and fails loudly. */
function text(row: Row, column: string): string {
  const value = row[column];
  if (typeof value !== "string") throw new TypeError(`${column} is not text in the store`);
  return value;
}

function number(row: Row, column: string): number {
  const value = row[column];
  if (typeof value !== "number") throw new TypeError(`${column} is not a number in the store`);
  return value;
}

function textOrNull(row: Row, column: string): string | null {
  return row[column] === null ? null : text(row, column);
}

function numberOrNull(row: Row, column: string): number | null {
  return row[column] === null ? null : number(row, column);
}

function oneOf<T extends string>(row: Row, column: string, values: readonly T[]): T {
  const value = values.find((each) => each === row[column]);
  if (value === undefined) throw new TypeError(`${column} has an unknown value in the store`);
  return value;
}

/** Written by `toRow` from values of these types; only that it is an object is checked when it is read back. */
const Labels = z.array(z.string());
const LaneJson = z.custom<Lane>((value) => typeof value === "object" && value !== null);
const PbsJobJson = z.custom<PbsJob>((value) => typeof value === "object" && value !== null);

export const workflowJobs: Mapping<WorkflowJob> = {
  table: "workflow_jobs",
  key: "id",
  live: "status = 'in_progress' OR (status <> 'completed' AND refusal IS NULL)",
  toRow: (job) => ({
    id: job.id,
    run_id: job.runId,
    run_attempt: job.runAttempt,
    installation_id: job.scope.installationId,
    organization: job.scope.organization,
    repository: job.repository,
    workflow_name: job.workflowName,
    name: job.name,
    head_branch: job.headBranch,
    actor: job.actor,
    labels: JSON.stringify(job.labels),
    status: job.status,
    conclusion: job.conclusion,
    runner_name: job.runnerName,
    created_at: job.createdAt,
    started_at: job.startedAt,
    completed_at: job.completedAt,
    refusal: job.refusal,
    observed_at: job.observedAt,
  }),
  fromRow: (row) => ({
    id: number(row, "id"),
    runId: number(row, "run_id"),
    runAttempt: number(row, "run_attempt"),
    scope: {
      installationId: number(row, "installation_id"),
      organization: text(row, "organization"),
    },
    repository: text(row, "repository"),
    workflowName: textOrNull(row, "workflow_name"),
    name: text(row, "name"),
    headBranch: textOrNull(row, "head_branch"),
    actor: textOrNull(row, "actor"),
    labels: Labels.parse(JSON.parse(text(row, "labels"))),
    status: oneOf(row, "status", STATUSES),
    conclusion: textOrNull(row, "conclusion"),
    runnerName: textOrNull(row, "runner_name"),
    createdAt: number(row, "created_at"),
    startedAt: numberOrNull(row, "started_at"),
    completedAt: numberOrNull(row, "completed_at"),
    refusal: textOrNull(row, "refusal"),
    observedAt: number(row, "observed_at"),
  }),
};

/** Lanes are few and allocations many: equal lanes are one object. */
const lanes = new Map<string, Lane>();

const ONE_SEAT = { slots: 1 };

function laneFrom(source: string): Lane {
  const known = lanes.get(source);
  if (known) return known;
  // Lanes of before there were seats do not tell of them.
  const lane = { ...ONE_SEAT, ...LaneJson.parse(JSON.parse(source)) };
  lanes.set(source, lane);
  return lane;
}

export const allocations: Mapping<Allocation> = {
  table: "allocations",
  key: "name",
  live: "ended_at IS NULL",
  toRow: (each) => ({
    name: each.name,
    lane: JSON.stringify(each.lane),
    repository: each.beneficiary?.repository ?? null,
    actor: each.beneficiary?.actor ?? null,
    intended_at: each.intendedAt,
    submission: each.submission,
    lookups: each.lookups.times,
    looked_up_at: each.lookups.last,
    pbs_job_id: each.pbsJobId,
    pbs_job: each.sighting ? JSON.stringify(each.sighting.job) : null,
    sighted_at: each.sighting?.at ?? null,
    absent_times: each.absence?.times ?? 0,
    absent_since: each.absence?.since ?? null,
    absence_confirmed_at: each.absence?.confirmedAt ?? null,
    announced_at: each.announcedAt,
    turn_asked: each.turns.asked,
    turn_delivered: each.turns.delivered,
    turn_reported: each.turns.reported,
    mints: each.mints.times,
    minted_at: each.mints.last,
    released_at: each.releasedAt,
    deletions: each.deletion.times,
    deleted_at: each.deletion.last,
    farewell: each.farewell?.reason ?? null,
    farewell_cause: each.farewell?.cause ?? null,
    farewell_at: each.farewell?.at ?? null,
    remark: each.remark,
    ended_at: each.endedAt,
    end_reason: each.end,
  }),
  fromRow: (row) => {
    const job = textOrNull(row, "pbs_job");
    const absentSince = numberOrNull(row, "absent_since");
    const farewell = textOrNull(row, "farewell");
    const repository = textOrNull(row, "repository");
    return {
      name: text(row, "name"),
      lane: laneFrom(text(row, "lane")),
      beneficiary: repository === null ? null : { repository, actor: textOrNull(row, "actor") },
      intendedAt: number(row, "intended_at"),
      submission: oneOf(row, "submission", SUBMISSIONS),
      lookups: { times: number(row, "lookups"), last: numberOrNull(row, "looked_up_at") },
      pbsJobId: textOrNull(row, "pbs_job_id"),
      sighting:
        job === null
          ? null
          : { job: PbsJobJson.parse(JSON.parse(job)), at: number(row, "sighted_at") },
      absence:
        absentSince === null
          ? null
          : {
              times: number(row, "absent_times"),
              since: absentSince,
              confirmedAt: numberOrNull(row, "absence_confirmed_at"),
            },
      announcedAt: numberOrNull(row, "announced_at"),
      turns: {
        asked: number(row, "turn_asked"),
        delivered: number(row, "turn_delivered"),
        reported: number(row, "turn_reported"),
      },
      mints: { times: number(row, "mints"), last: numberOrNull(row, "minted_at") },
      releasedAt: numberOrNull(row, "released_at"),
      deletion: { times: number(row, "deletions"), last: numberOrNull(row, "deleted_at") },
      farewell:
        farewell === null
          ? null
          : {
              cause: causeFrom(row, "farewell_cause"),
              reason: farewell,
              at: number(row, "farewell_at"),
            },
      remark: textOrNull(row, "remark"),
      endedAt: numberOrNull(row, "ended_at"),
      end: textOrNull(row, "end_reason"),
    };
  },
};

/** Rows of before the cause was told have none. */
function causeFrom(row: Row, column: string): EndCause {
  return row[column] === null ? "unknown" : oneOf(row, column, END_CAUSES);
}

const ExitMeasures = z.object({
  root: z
    .object({ method: z.enum(ROOT_METHODS), milliseconds: z.number(), bytes: z.number() })
    .nullable()
    .default(null),
  startMilliseconds: z.number().nullable().default(null),
});

function measuresOf({ root, startMilliseconds }: RunnerExit): z.output<typeof ExitMeasures> {
  return { root, startMilliseconds };
}

export const runners: Mapping<Runner> = {
  table: "runners",
  key: "name",
  live: "state <> 'gone' OR allocation IN (SELECT name FROM allocations WHERE ended_at IS NULL)",
  toRow: (runner) => ({
    name: runner.name,
    id: runner.id,
    installation_id: runner.scope.installationId,
    organization: runner.scope.organization,
    allocation: runner.allocation,
    turn: runner.turn,
    state: runner.state,
    intended_job_id: runner.intendedJobId,
    served_job_id: runner.servedJobId,
    minting_at: runner.mintingAt,
    delivered_at: runner.deliveredAt,
    gone_at: runner.goneAt,
    busy_at: runner.busyAt,
    exit_code: runner.exit?.code ?? null,
    exit_cause: runner.exit?.cause ?? null,
    exit_reason: runner.exit?.reason ?? null,
    exit_measures: runner.exit ? JSON.stringify(measuresOf(runner.exit)) : null,
    exited_at: runner.exit?.at ?? null,
    checks: runner.checks.times,
    checked_at: runner.checks.last,
  }),
  fromRow: (row) => {
    const exitCode = numberOrNull(row, "exit_code");
    return {
      name: text(row, "name"),
      id: numberOrNull(row, "id"),
      scope: {
        installationId: number(row, "installation_id"),
        organization: text(row, "organization"),
      },
      allocation: text(row, "allocation"),
      turn: number(row, "turn"),
      state: oneOf(row, "state", RUNNER_STATES),
      intendedJobId: number(row, "intended_job_id"),
      servedJobId: numberOrNull(row, "served_job_id"),
      mintingAt: number(row, "minting_at"),
      deliveredAt: numberOrNull(row, "delivered_at"),
      goneAt: numberOrNull(row, "gone_at"),
      busyAt: numberOrNull(row, "busy_at"),
      exit:
        exitCode === null
          ? null
          : {
              code: exitCode,
              cause: causeFrom(row, "exit_cause"),
              reason: text(row, "exit_reason"),
              at: number(row, "exited_at"),
              ...ExitMeasures.parse(JSON.parse(textOrNull(row, "exit_measures") ?? "{}")),
            },
      checks: { times: number(row, "checks"), last: numberOrNull(row, "checked_at") },
    };
  },
};

export const holds: Mapping<Hold> = {
  table: "holds",
  key: "subject",
  live: "failures > 0",
  // On a full disk a pause is what lets the loop rest: the trouble would be met again at once without it.
  heededUnwritten: true,
  toRow: (hold) => ({
    subject: hold.subject,
    failures: hold.failures,
    until: hold.until,
    reason: hold.reason,
  }),
  fromRow: (row) => ({
    subject: text(row, "subject"),
    failures: number(row, "failures"),
    until: number(row, "until"),
    reason: text(row, "reason"),
  }),
};

export function installationsIn(db: Db): readonly RegistrationScope[] {
  const rows = db.prepare("SELECT id, organization FROM installations ORDER BY id").all();
  return rows.filter(isRow).map((row) => ({
    installationId: number(row, "id"),
    organization: text(row, "organization"),
  }));
}
