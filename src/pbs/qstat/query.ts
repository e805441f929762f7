import type { PbsJob } from "../../domain/pbs-job.ts";
import { runCommand, type CommandResult, type CommandSettings } from "../command.ts";
import { JOB_HAS_FINISHED, troubleOf, UNKNOWN_JOB } from "../exit-code.ts";
import { arrayOf, callsFor, isArrayId, sequenceOf, serverOf } from "../job-id.ts";
import type { PbsTrouble, StatusOutcome } from "../pbs.ts";
import { DSV_DELIMITER, parseQstatDsv } from "./dsv.ts";
import { jobFrom, type JobAttributes } from "./job.ts";
import { parseQstatJson } from "./json.ts";

export interface StatusOptions {
  /** Past a site's cache. */
  readonly fresh?: boolean;
}

type Statuses = Map<string, PbsJob | "absent">;
type Listing = { readonly kind: "answered"; readonly jobs: Statuses } | PbsTrouble;

/** Asks PBS about jobs, and remembers how this site's `qstat` has to be asked. */
export class StatusQuery {
  readonly #settings: CommandSettings;
  /**
   * Servers that keep no history: there `-x` lists nothing at all, not even what runs, with exit code 0 and a complaint
   * (PBSE_JOBHISTNOTSET 15140; measured).
   */
  readonly #forgetful = new Set<string>();

  constructor(settings: CommandSettings) {
    this.#settings = settings;
  }

  /** What PBS says of these jobs, live or ended. An id of which it said nothing at all is not in the answer. */
  async status(jobIds: readonly string[], options: StatusOptions = {}): Promise<StatusOutcome> {
    const jobs: Statuses = new Map();
    let trouble: PbsTrouble | null = null;
    let answered = jobIds.length === 0;
    for (const ids of callsFor(jobIds)) {
      const listing = await this.#listAll(ids, options);
      if (listing.kind === "answered") {
        answered = true;
        for (const [id, job] of listing.jobs) jobs.set(id, job);
        continue;
      }
      trouble = listing;
      const { log } = this.#settings;
      log.warn({ jobs: ids.length, trouble: listing }, "PBS did not say how jobs are");
    }
    if (answered || trouble === null) return { kind: "answered", jobs };
    return trouble;
  }

  async #listAll(ids: readonly string[], options: StatusOptions): Promise<Listing> {
    const result = await this.#ask(["-E"], "json", ids, options);
    const listing = readListing(result, ids) ?? (await this.#listOtherwise(ids, options));
    if (listing.kind !== "answered") return listing;
    const { jobs } = listing;
    const server = serverOf(ids[0] ?? "");
    if (jobs.size === 0 && !this.#forgetful.has(server) && complains(result)) {
      this.#forgetful.add(server);
      const { log } = this.#settings;
      log.warn({ server }, "PBS keeps no job history: ended jobs are unknown to it at once");
      return this.#listAll(ids, options);
    }
    for (const id of namedUnknown(result, ids)) if (!jobs.has(id)) jobs.set(id, "absent");
    const missing = ids.filter((id) => !jobs.has(id));
    if (missing.length > 0) await this.#askForNames(missing, options, jobs);
    // Known, and yet not listed: it has ended, and there is a history after all.
    if (ids.some((id) => !jobs.has(id))) this.#forgetful.delete(server);
    return listing;
  }

  /** The JSON could not be read. The other format holds one job a line: at worst a garbled job is not told about. */
  async #listOtherwise(ids: readonly string[], options: StatusOptions): Promise<Listing> {
    const { log } = this.#settings;
    log.warn({ jobs: ids.length }, "The JSON of qstat is not valid: asking in its other form");
    return readDsvListing(await this.#ask(["-E"], "dsv", ids, options), ids);
  }

  /**
   * `qstat -E` passes over ids that it does not know, silently and with exit code 0, as long as it knows one of them
   * (sample qstat-E-mixed-errors). Without `-E` it names them. What it says is added to `jobs`.
   */
  async #askForNames(
    missing: readonly string[],
    options: StatusOptions,
    jobs: Statuses,
  ): Promise<void> {
    const stillMissing = await this.#askForArrays(missing, options, jobs);
    if (stillMissing.length === 0) return;
    const ids = stillMissing.slice(0, MOST_NAMED);
    const result = await this.#ask([], "dsv", ids, options);
    const listing = readDsvListing(result, ids);
    if (listing.kind !== "answered") return;
    for (const id of namedUnknown(result, ids)) jobs.set(id, "absent");
    for (const [id, job] of listing.jobs) jobs.set(id, job);
  }

  /** An array that is unknown has no members: one question for all of them. @returns of whom it said nothing. */
  async #askForArrays(
    missing: readonly string[],
    options: StatusOptions,
    jobs: Statuses,
  ): Promise<readonly string[]> {
    const arrays = [...new Set(missing.map(arrayOf).filter(isArrayId))].slice(0, MOST_NAMED);
    if (arrays.length === 0) return missing;
    const unknown = namedUnknown(await this.#ask([], "dsv", arrays, options), arrays);
    for (const id of missing) if (unknown.includes(arrayOf(id))) jobs.set(id, "absent");
    return missing.filter((id) => !jobs.has(id));
  }

  async #ask(
    flags: readonly string[],
    format: "json" | "dsv",
    ids: readonly string[],
    options: StatusOptions,
  ): Promise<CommandResult> {
    const history = this.#forgetful.has(serverOf(ids[0] ?? "")) ? [] : ["-x"];
    const form = format === "json" ? ["-F", "json"] : ["-F", "dsv", "-D", DSV_DELIMITER];
    return runCommand(this.#settings, {
      command: "qstat",
      args: [...flags, ...history, "-f", ...form, ...ids],
      fresh: options.fresh === true,
      // Without -E it connects anew for each id.
      ports: flags.includes("-E") ? 1 : ids.length,
    });
  }
}

/** Without `-E` each id costs `qstat` one of the host's 500 privileged ports a minute (facts/pbs.md §0.1). */
const MOST_NAMED = 40;

function complains(result: CommandResult): boolean {
  return result.kind === "exited" && result.code === 0 && result.stderr.trim() !== "";
}

/** What `qstat -F json` said. @returns `null` when it answered, but not in JSON. */
export function readListing(result: CommandResult, ids: readonly string[]): Listing | null {
  const trouble = troubleIn(result);
  if (trouble !== null || result.kind !== "exited") return trouble;
  const jobs = parseQstatJson(result.stdout);
  return jobs === null ? null : { kind: "answered", jobs: match(jobs, ids) };
}

export function readDsvListing(result: CommandResult, ids: readonly string[]): Listing {
  const trouble = troubleIn(result);
  if (trouble !== null) return trouble;
  const output = result.kind === "exited" ? result.stdout : "";
  return { kind: "answered", jobs: match(parseQstatDsv(output), ids) };
}

/** 153 and 35 say that some ids are unknown or finished; the others are still told about (facts/pbs.md §10.11). */
const ANSWERED: ReadonlySet<number> = new Set([0, UNKNOWN_JOB, JOB_HAS_FINISHED]);

function troubleIn(result: CommandResult): PbsTrouble | null {
  if (result.kind !== "exited") return result;
  return ANSWERED.has(result.code) ? null : troubleOf(result, "asks");
}

/** Gives each asked id its job: the listing's own spelling of the server may differ (`123.casper` on NCAR's cache). */
function match(listed: ReadonlyMap<string, JobAttributes>, ids: readonly string[]): Statuses {
  const asked = new Map(ids.map((id) => [sequenceOf(id), id]));
  const jobs: Statuses = new Map();
  for (const [listedId, attributes] of listed) {
    const id = asked.get(sequenceOf(listedId));
    const job = id === undefined ? null : jobFrom(id, attributes);
    if (id !== undefined && job !== null) jobs.set(id, job);
  }
  return jobs;
}

/** The ids in lines like `qstat: Unknown Job Id 999999.vm`; on standard output from NCAR's wrapper. */
export function namedUnknown(answer: CommandResult, ids: readonly string[]): string[] {
  if (answer.kind !== "exited") return [];
  if (answer.code !== UNKNOWN_JOB && answer.code !== JOB_HAS_FINISHED) return [];
  const named = new Set<string>();
  for (const line of `${answer.stderr}\n${answer.stdout}`.split("\n")) {
    const id = /^qstat: Unknown Job Id (\S+)\s*$/.exec(line)?.[1];
    if (id !== undefined) named.add(sequenceOf(id));
  }
  return ids.filter((id) => named.has(sequenceOf(id)));
}
