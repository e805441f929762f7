import { PBS_STATES, type PbsJob, type PbsState } from "../../domain/pbs-job.ts";
import type { EpochMs } from "../../domain/time.ts";

/** A job's attributes as text, whatever form `qstat` gave them in: JSON guesses types, the other forms know none. */
export type JobAttributes = ReadonlyMap<string, string>;

const KNOWN_STATES: ReadonlySet<string> = new Set(PBS_STATES);

/** @returns `null` when not even a state is there: a job cut off or garbled in the listing. */
export function jobFrom(id: string, attributes: JobAttributes): PbsJob | null {
  const state = attributes.get("job_state");
  if (state === undefined || state === "") return null;
  const ended = (state === "F" || state === "X") && attributes.get("comment") !== FORGOTTEN;
  return {
    id,
    name: attributes.get("Job_Name") ?? "",
    state: isState(state) ? state : "?",
    substate: integer(attributes.get("substate")),
    comment: attributes.get("comment") ?? null,
    execHost: attributes.get("exec_host") ?? null,
    // A rerunnable job goes back to Q and still carries the old one (facts/pbs.md §0.10).
    exitStatus: ended ? integer(attributes.get("Exit_status")) : null,
    startedAt: parsePbsTime(attributes.get("stime")),
    runs: integer(attributes.get("run_count")),
  };
}

/** Of an ended member of an array PBS may know no more, and then shows the array's own Exit_status (sample qdel-range-with-ended). */
const FORGOTTEN = "Subjob finished";

function isState(text: string): text is PbsState {
  return KNOWN_STATES.has(text);
}

function integer(text: string | undefined): number | null {
  if (text === undefined || !/^-?\d+$/.test(text.trim())) return null;
  return Number(text);
}

const MONTHS = "JanFebMarAprMayJunJulAugSepOctNovDec";
const CTIME = /^[A-Z][a-z]{2} ([A-Z][a-z]{2}) +(\d{1,2}) (\d{2}):(\d{2}):(\d{2}) (\d{4})$/;

/**
 * Reads `Tue Nov 24 02:03:02 2026`. It carries no zone: it is taken to be in this process's own (see TZ in
 * command.ts), so in the hour that is repeated when summer time ends it may be an hour off.
 */
export function parsePbsTime(text: string | undefined): EpochMs | null {
  const [, month, ...numbers] = CTIME.exec(text ?? "") ?? [];
  const [day, hour, minute, second, year] = numbers.map(Number);
  const index = MONTHS.indexOf(month ?? "?");
  if (index % 3 !== 0 || day === undefined || year === undefined) return null;
  return new Date(year, index / 3, day, hour, minute, second).getTime();
}
