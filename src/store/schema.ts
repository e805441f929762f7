/**
 * The store's schema as the steps that made it: `PRAGMA user_version` counts the steps a file has had.
 * A step that has been released is never changed; a new one is appended.
 */
export const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE deliveries (
    guid        TEXT PRIMARY KEY,
    received_at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX deliveries_by_age ON deliveries (received_at);

  CREATE TABLE marks (
    name  TEXT PRIMARY KEY,
    value INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE workflow_jobs (
    id              INTEGER PRIMARY KEY,
    run_id          INTEGER NOT NULL,
    run_attempt     INTEGER NOT NULL,
    installation_id INTEGER NOT NULL,
    organization    TEXT NOT NULL,
    repository      TEXT NOT NULL,
    workflow_name   TEXT,
    name            TEXT NOT NULL,
    head_branch     TEXT,
    labels          TEXT NOT NULL,
    status          TEXT NOT NULL,
    conclusion      TEXT,
    runner_name     TEXT,
    created_at      INTEGER NOT NULL,
    started_at      INTEGER,
    completed_at    INTEGER,
    refusal         TEXT,
    observed_at     INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX live_workflow_jobs ON workflow_jobs (id) WHERE status <> 'completed' AND refusal IS NULL;
  CREATE INDEX workflow_jobs_by_age ON workflow_jobs (created_at);

  CREATE TABLE allocations (
    name          TEXT PRIMARY KEY,
    lane          TEXT NOT NULL,
    intended_at   INTEGER NOT NULL,
    submission    TEXT NOT NULL,
    lookups       INTEGER NOT NULL,
    looked_up_at  INTEGER,
    pbs_job_id    TEXT,
    pbs_job       TEXT,
    sighted_at    INTEGER,
    absent_times  INTEGER NOT NULL,
    absent_since  INTEGER,
    absence_confirmed_at INTEGER,
    announced_at  INTEGER,
    turn_asked    INTEGER NOT NULL,
    turn_delivered INTEGER NOT NULL,
    turn_reported INTEGER NOT NULL,
    mints         INTEGER NOT NULL,
    minted_at     INTEGER,
    released_at   INTEGER,
    deletions     INTEGER NOT NULL,
    deleted_at    INTEGER,
    farewell      TEXT,
    farewell_at   INTEGER,
    ended_at      INTEGER,
    end_reason    TEXT
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX live_allocations ON allocations (name) WHERE ended_at IS NULL;
  CREATE INDEX allocations_by_age ON allocations (intended_at);

  CREATE TABLE runners (
    name            TEXT PRIMARY KEY,
    id              INTEGER,
    installation_id INTEGER NOT NULL,
    organization    TEXT NOT NULL,
    allocation      TEXT NOT NULL REFERENCES allocations (name),
    turn            INTEGER NOT NULL,
    state           TEXT NOT NULL,
    intended_job_id INTEGER NOT NULL,
    served_job_id   INTEGER,
    minting_at      INTEGER NOT NULL,
    delivered_at    INTEGER,
    gone_at         INTEGER,
    busy_at         INTEGER,
    exit_code       INTEGER,
    exit_reason     TEXT,
    exited_at       INTEGER,
    checks          INTEGER NOT NULL,
    checked_at      INTEGER
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX runners_by_allocation ON runners (allocation);
  CREATE INDEX live_runners ON runners (name) WHERE state <> 'gone';

  CREATE TABLE holds (
    subject  TEXT PRIMARY KEY,
    failures INTEGER NOT NULL,
    until    INTEGER NOT NULL,
    reason   TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  `,
  // For whom, and what a lane's request may hold since jobs choose their resources.
  `
  ALTER TABLE workflow_jobs ADD COLUMN actor TEXT;
  ALTER TABLE allocations ADD COLUMN repository TEXT;
  ALTER TABLE allocations ADD COLUMN actor TEXT;
  UPDATE allocations SET lane = json_set(
    lane,
    '$.request.priority', NULL,
    '$.request.resources', json_array(),
    '$.request.allocationSeconds', json_extract(lane, '$.request.walltimeSeconds')
  );
  CREATE TABLE installations (
    id           INTEGER PRIMARY KEY,
    organization TEXT NOT NULL
  ) STRICT;
  `,
  // Why the node says that a runner or an allocation ended; what was measured there, as JSON.
  `
  ALTER TABLE allocations ADD COLUMN farewell_cause TEXT;
  ALTER TABLE allocations ADD COLUMN remark TEXT;
  ALTER TABLE runners ADD COLUMN exit_cause TEXT;
  ALTER TABLE runners ADD COLUMN exit_measures TEXT;
  `,
];
