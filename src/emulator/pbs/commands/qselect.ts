import { isOver, type EmulatedJob } from "../job.ts";
import type { Settings } from "../options.ts";
import { NO_HISTORY, reply, type Call, type Reply } from "../wire.ts";
import { complaint, getopt } from "./getopt.ts";
import { USAGE } from "./usage.ts";

const STATES = /^[BEFHMQRSTUWX]+$/;

/** The emulated `qselect`: several options all have to fit. */
export function qselect(
  call: Call,
  jobs: ReadonlyMap<string, EmulatedJob>,
  settings: Settings,
): Reply {
  const { options, operands, wrong } = getopt(call.args, "A:HJN:P:q:s:Tu:x");
  if (wrong !== null) return misuse(complaint("qselect", wrong));
  if (operands.length > 0) return misuse("");
  const has = (letter: string): boolean => options.some(([each]) => each === letter);
  // With -T the members of arrays instead of the arrays.
  const isListed = ({ request, index, parent }: EmulatedJob): boolean =>
    has("T") ? request.array === null || index !== null : parent === null;
  let chosen = [...jobs.values()].filter(isListed);
  const past = has("x") || has("H");
  if (past && !settings.history) return reply(0, "", `qselect: ${NO_HISTORY}\n`);
  if (!past) chosen = chosen.filter((job) => !isOver(job));
  for (const [letter, value] of options) {
    if (letter === "N" && !/^[A-Za-z0-9._+-]+$/.test(value)) {
      return misuse("qselect: illegal -N value\n");
    }
    if (letter === "s" && !STATES.test(value)) return misuse("qselect: illegal -s value\n");
    const queue = letter === "q" ? value.replace(/@.*$/, "") : "";
    if (queue !== "" && !settings.queues.some(({ name }) => name === queue)) {
      return reply(170, "", "qselect: Unknown queue destination\n");
    }
    chosen = chosen.filter((job) => fits(job, letter, value));
  }
  return reply(0, chosen.map((job) => `${job.id}\n`).join(""));
}

function misuse(text: string): Reply {
  return reply(2, "", `${text}${USAGE.qselect}`);
}

function fits(job: EmulatedJob, letter: string, value: string): boolean {
  switch (letter) {
    case "A":
      return job.request.account === value;
    case "N":
      return job.request.name === value;
    case "q":
      return value.startsWith("@") || job.request.queue === value.replace(/@.*$/, "");
    case "s":
      return value.includes(job.state);
    case "u":
      return value.split(",").includes(job.owner);
    case "H":
      return isOver(job);
    case "J":
      return job.request.array !== null;
    default:
      return true;
  }
}
