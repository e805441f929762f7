import { attributesOf, timeUse, type Attributes } from "../attributes.ts";
import { isOver, type EmulatedJob } from "../job.ts";
import type { Settings } from "../options.ts";
import { printDsv, printJson, printTable, printText } from "../print.ts";
import { NO_HISTORY, reply, VERSION, type Call, type Reply } from "../wire.ts";
import { findJobs } from "./find-jobs.ts";
import { complaint, getopt, type ParsedArguments } from "./getopt.ts";
import { USAGE } from "./usage.ts";

/** What `qstat` is shown: the jobs as they are, or were, with the faults that are on. */
export interface View {
  readonly jobs: ReadonlyMap<string, EmulatedJob>;
  readonly settings: Settings;
  /** Write JSON as careless releases do, so that it cannot be read. */
  readonly brokenJson: boolean;
}

const SPEC = "aBD:EfF:GHiJMnpqQrsTtu:wx1";

interface Selection {
  readonly jobs: readonly EmulatedJob[];
  readonly complaints: string;
  readonly code: number;
}

/** The emulated `qstat`. */
export function qstat(call: Call, view: View): Reply {
  const given = getopt(call.args, SPEC);
  if (given.wrong !== null) {
    return reply(2, "", `${complaint("qstat", given.wrong)}${USAGE.qstat}`);
  }
  const flag = (letter: string): boolean => given.options.some(([each]) => each === letter);
  if (flag("f") && flag("u")) return reply(2, "", `qstat: conflicting options.\n${USAGE.qstat}`);
  if (flag("B") || flag("Q")) return about(flag("B") ? "Server" : "Queue", view);
  const past = flag("x") || flag("H");
  if (past && !view.settings.history) return noHistory(given, view);
  const { jobs, complaints, code } = select(given, view, past, flag("E"));
  const expanded = flag("t") ? jobs.flatMap((job) => [job, ...subjobsOf(job, view)]) : jobs;
  return listing(given, view, expanded, complaints, code);
}

/** Not even live jobs are shown, and the exit code is 0 (measured). */
function noHistory(given: ParsedArguments, view: View): Reply {
  const { server } = view.settings;
  const together = given.options.some(([letter]) => letter === "E");
  const ids = given.operands.map((operand) => {
    const found = findJobs(operand, view.jobs, server);
    return found.kind === "jobs" ? (found.jobs[0]?.id ?? operand) : operand;
  });
  const lines = (together ? ids.slice(-1) : ids).map((id) => `qstat: ${NO_HISTORY} ${id}\n`);
  return listing(given, view, [], lines.join(""), 0);
}

function listing(
  given: ParsedArguments,
  view: View,
  jobs: readonly EmulatedJob[],
  complaints: string,
  code: number,
): Reply {
  const option = (letter: string): string | null =>
    given.options.find(([each]) => each === letter)?.[1] ?? null;
  if (option("f") === null) return reply(code, table(jobs), complaints);
  const { server } = view.settings;
  const each = (job: EmulatedJob): Attributes => attributesOf(job, server, subjobsOf(job, view));
  const format = option("F");
  if (format === "json") {
    // Without -E the current code prints only the first of several ids (facts/pbs.md §0.2).
    const shown = given.operands.length > 1 && option("E") === null ? jobs.slice(0, 1) : jobs;
    const content = Object.fromEntries(shown.map((job) => [job.id, each(job)]));
    const text = printJson(server, "Jobs", content);
    return reply(code, view.brokenJson ? spoil(text) : text, complaints);
  }
  const delimiter = option("D") ?? "|";
  const print = (job: EmulatedJob): string =>
    format === "dsv" ? printDsv(job.id, each(job), delimiter) : printText(job.id, each(job));
  return reply(code, jobs.map(print).join(""), complaints);
}

/** An environment variable whose value is NaN, as releases up to 23.06 write it. */
function spoil(text: string): string {
  return text.replace(/("Variable_List":\t\{\n)(\t+)/, '$1$2"VALUE":NaN,\n$2');
}

function select(given: ParsedArguments, view: View, past: boolean, together: boolean): Selection {
  const { operands } = given;
  // An empty id is no id (facts/pbs.md §1).
  if (operands.every((each) => each === "")) {
    const all = [...view.jobs.values()].filter((job) => job.parent === null);
    return { jobs: all.filter((job) => past || !isOver(job)), complaints: "", code: 0 };
  }
  const jobs = new Set<EmulatedJob>();
  const complaints: string[] = [];
  let code = 0;
  for (const operand of operands) {
    const problem = lookUp(operand, view, past, jobs);
    if (problem === null) continue;
    complaints.push(problem.text);
    code = problem.code;
  }
  // With -E there is one request for all: what it does not find is passed over, unless it finds nothing at all.
  if (together && operands.length > 1 && jobs.size > 0) return ordered([...jobs], [], 0);
  return together
    ? ordered([...jobs], complaints.slice(-1), code)
    : ordered([...jobs], complaints, code);
}

function ordered(jobs: EmulatedJob[], complaints: string[], code: number): Selection {
  return { jobs, complaints: complaints.join(""), code };
}

function lookUp(
  operand: string,
  { jobs, settings }: View,
  past: boolean,
  into: Set<EmulatedJob>,
): { readonly code: number; readonly text: string } | null {
  const found = findJobs(operand, jobs, settings.server);
  if (found.kind === "malformed") {
    return /^\d/.test(operand)
      ? { code: 1, text: `qstat: illegally formed job identifier: ${operand}\n` }
      : { code: 170, text: `qstat: Unknown queue destination ${operand}\n` };
  }
  if (found.kind !== "jobs") {
    return { code: 153, text: `qstat: Unknown Job Id ${found.id}\n` };
  }
  const gone = found.jobs.find((job) => job.state === "F");
  if (gone !== undefined && !past) {
    const advice = "Job has finished, use -x or -H to obtain historical job information";
    return { code: 35, text: `qstat: ${gone.id} ${advice}\n` };
  }
  for (const job of found.jobs) into.add(job);
  return null;
}

function subjobsOf(job: EmulatedJob, { jobs }: View): EmulatedJob[] {
  if (job.request.array === null || job.index !== null) return [];
  return [...jobs.values()].filter((each) => each.parent?.id === job.id);
}

function table(jobs: readonly EmulatedJob[]): string {
  return printTable(
    jobs.map((job) => ({
      id: job.id,
      name: job.request.name,
      user: job.owner,
      time: timeUse(job),
      state: job.state,
      queue: job.request.queue,
    })),
  );
}

/** `qstat -B -f -F json` and `qstat -Q -f -F json`, as far as somebody might read them. */
function about(section: "Server" | "Queue", { settings, jobs }: View): Reply {
  const { server, queues, history } = settings;
  const count = (queue: string | null): number =>
    [...jobs.values()].filter((job) => queue === null || job.request.queue === queue).length;
  const content: Attributes =
    section === "Server"
      ? {
          [server]: {
            server_state: "Active",
            server_host: server,
            scheduling: "True",
            total_jobs: count(null),
            default_queue: queues[0]?.name ?? "workq",
            query_other_jobs: "True",
            pbs_version: VERSION,
            job_history_enable: history ? "True" : "False",
          },
        }
      : Object.fromEntries(
          queues.map((queue) => [
            queue.name,
            {
              queue_type: "Execution",
              total_jobs: count(queue.name),
              enabled: queue.enabled === false ? "False" : "True",
              started: queue.started === false ? "False" : "True",
            },
          ]),
        );
  return reply(0, printJson(server, section, content));
}
