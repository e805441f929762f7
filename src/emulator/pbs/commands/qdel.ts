import type { Cluster } from "../cluster.ts";
import type { EmulatedJob } from "../job.ts";
import { reply, type Call, type Reply } from "../wire.ts";
import { findJobs } from "./find-jobs.ts";
import { complaint, getopt } from "./getopt.ts";
import { USAGE } from "./usage.ts";

/** The emulated `qdel`: does what it can; its code is that of the last id that failed. */
export function qdel(call: Call, cluster: Cluster): Reply {
  const { options, operands, wrong } = getopt(call.args, "W:x");
  if (wrong !== null) return reply(2, "", `${complaint("qdel", wrong)}${USAGE.qdel}`);
  if (operands.length === 0) return reply(2, "", USAGE.qdel);
  const force = options.some(([letter, value]) => letter === "W" && value === "force");
  const erase = options.some(([letter]) => letter === "x");
  const complaints: string[] = [];
  let code = 0;
  for (const operand of operands) {
    const problem = deleteOne(operand, call.user, { force, erase }, cluster);
    if (problem === null) continue;
    complaints.push(`qdel: ${problem.text}\n`);
    code = problem.code;
  }
  return reply(code, "", complaints.join(""));
}

/** A range is named as it was given. */
function nameOf(operand: string, { id }: EmulatedJob): string {
  return operand.includes("-") ? operand : id;
}

interface Manner {
  readonly force: boolean;
  readonly erase: boolean;
}

function deleteOne(
  operand: string,
  user: string,
  { force, erase }: Manner,
  cluster: Cluster,
): { readonly code: number; readonly text: string } | null {
  const found = findJobs(operand, cluster.jobs, cluster.settings.server);
  switch (found.kind) {
    case "malformed":
      return { code: 1, text: `illegally formed job identifier: ${operand}` };
    case "unknown":
      return { code: 153, text: `Unknown Job Id ${found.id}` };
    case "out-of-range":
      return { code: 156, text: `Invalid request ${found.id}` };
    case "jobs":
      break;
  }
  const others = found.jobs.find((job) => job.owner !== user);
  if (others) return { code: 159, text: `Unauthorized Request  ${others.id}` };
  const finished = found.jobs.find((job) => job.state === "F");
  if (finished && erase) cluster.jobs.delete(finished.id);
  else if (finished) return { code: 35, text: `Job has finished ${nameOf(operand, finished)}` };
  const [first] = found.jobs;
  if (first?.state === "X" && !operand.includes("-")) {
    return { code: 55, text: `Request invalid for finished array subjob ${first.id}` };
  }
  for (const job of found.jobs) cluster.delete(job, user, force);
  return null;
}
