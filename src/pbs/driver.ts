import { userInfo } from "node:os";
import type { Logger } from "pino";
import { CallBudget } from "./budget.ts";
import { DEFAULT_TIMEOUT, type CommandSettings, type PbsCommandName } from "./command.ts";
import type { Pbs } from "./pbs.ts";
import { deleteJobs } from "./qdel.ts";
import { find } from "./qselect.ts";
import { StatusQuery } from "./qstat/query.ts";
import { submit } from "./qsub.ts";

export interface PbsOptions {
  /** Where `qsub`, `qstat`, `qselect` and `qdel` are; `null` looks through PATH. */
  readonly binDirectory: string | null;
  readonly log: Logger;
  /** How many commands may be started in a minute; not limited if not given. */
  readonly callsPerMinute?: number;
  /** Milliseconds a call of each command may take; `DEFAULT_TIMEOUT` where not given. */
  readonly timeouts?: Partial<Readonly<Record<PbsCommandName, number>>>;
  /** Defaults to this process's own; only the few variables that PBS needs are passed on. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

/** PBS through its own commands, as the user this process runs as. No method rejects. */
export function createPbs(options: PbsOptions): Pbs {
  const timeouts = {
    qsub: DEFAULT_TIMEOUT,
    qstat: DEFAULT_TIMEOUT,
    qselect: DEFAULT_TIMEOUT,
    qdel: DEFAULT_TIMEOUT,
    ...options.timeouts,
  };
  const { binDirectory, log, callsPerMinute, environment = process.env } = options;
  const budget = callsPerMinute === undefined ? null : new CallBudget(callsPerMinute);
  const settings: CommandSettings = { binDirectory, log, environment, timeouts, budget };
  const user = userInfo().username;
  const query = new StatusQuery(settings);
  return {
    submit: (submission) => submit(settings, submission),
    status: (jobIds, choice) => query.status(jobIds, choice),
    find: (name, queue) => find(settings, user, name, queue),
    delete: (jobIds, choice) => deleteJobs(settings, jobIds, choice),
  };
}
