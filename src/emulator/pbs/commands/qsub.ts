import { readFileSync, statSync } from "node:fs";
import type { Cluster } from "../cluster.ts";
import { isOver, type ArrayRange, type JobRequest } from "../job.ts";
import type { EmulatedQueue } from "../options.ts";
import { reply, type Call, type Reply } from "../wire.ts";
import { complaint, getopt, QSUB_OPTIONS } from "./getopt.ts";
import { readResources, type Refusal, type ResourceRequest } from "./resources.ts";
import { USAGE } from "./usage.ts";

/** The emulated `qsub`. */
export function qsub(call: Call, input: string, cluster: Cluster): Reply {
  const given = getopt(call.args, QSUB_OPTIONS);
  if (given.wrong !== null) return misuse(complaint("qsub", given.wrong));
  const [file, ...more] = given.operands;
  if (more.length > 0) return misuse("");
  const script =
    given.rest === null ? readScript(file, input, call.cwd) : commandScript(given.rest);
  if (typeof script !== "string") return refuse(script);
  const prefix = given.options.find(([letter]) => letter === "C")?.[1];
  // The first of a name wins: what the command line says comes before the script's own lines.
  const options = [...given.options, ...directives(script, prefix ?? "#PBS")];
  const request = readRequest(options, call, script, file, cluster);
  if ("stderr" in request) return request;
  const refusal = refusalOf(request, cluster);
  if (refusal !== null) return refuse(refusal);
  return reply(0, `${cluster.submit(request).id}\n`);
}

function refuse({ code, text }: Refusal): Reply {
  return reply(code, "", `qsub: ${text}\n`);
}

function misuse(text: string): Reply {
  return reply(2, "", `${text}${USAGE.qsub}`);
}

function readScript(file: string | undefined, input: string, cwd: string): string | Refusal {
  const script = file === undefined ? input : readScriptFile(file, cwd);
  if (typeof script === "string" && script.includes("\r\n")) {
    return { code: 1, text: "script contains cr, lf" };
  }
  return script;
}

function readScriptFile(file: string, cwd: string): string | Refusal {
  const path = file.startsWith("/") ? file : `${cwd}/${file}`;
  try {
    if (!statSync(path).isFile()) return { code: 1, text: "script not a file" };
  } catch {
    return { code: 1, text: "script file:: No such file or directory" };
  }
  try {
    return readFileSync(path, "utf8");
  } catch {
    return { code: 8, text: "opening script file:: Permission denied" };
  }
}

function commandScript(command: readonly string[]): string {
  const quoted = command.map((word) => `'${word.replaceAll("'", `'\\''`)}'`);
  return `#!/bin/bash\nexec ${quoted.join(" ")}\n`;
}

/** The options in the script's `#PBS` lines, up to the first line that is no comment. */
function directives(script: string, prefix: string): (readonly [string, string])[] {
  if (prefix === "") return [];
  const found: (readonly [string, string])[] = [];
  for (const line of script.split("\n")) {
    if (line.startsWith(`${prefix} `)) {
      found.push(...getopt(line.slice(prefix.length).trim().split(/\s+/), QSUB_OPTIONS).options);
    } else if (line.trim() !== "" && !line.startsWith("#")) break;
  }
  return found;
}

type Options = readonly (readonly [string, string])[];

function readRequest(
  options: Options,
  call: Call,
  script: string,
  file: string | undefined,
  cluster: Cluster,
): JobRequest | Reply {
  const { settings } = cluster;
  const first = (letter: string): string | null =>
    options.find(([each]) => each === letter)?.[1] ?? null;
  const name = first("N") ?? file?.split("/").at(-1) ?? "STDIN";
  if (name.length > 230) return refuse({ code: 1, text: "Job name is too long " });
  if (!/^[A-Za-z0-9._+-]+$/.test(name)) return misuse("qsub: illegal -N value\n");
  const range = first("J");
  const array = range === null ? null : readRange(range);
  if (array === "illegal") return misuse("qsub: illegal -J value\n");
  if (array !== null && first("r") === "n") {
    return misuse("qsub:  cannot submit non-rerunable Array Job\n");
  }
  const lists = options.filter(([letter]) => letter === "l").map(([, value]) => value);
  const resources: ResourceRequest | Refusal = readResources(lists, settings.resources);
  if ("code" in resources) return refuse(resources);
  const extra = options.filter(([letter]) => letter === "W").map(([, value]) => value);
  const unknown = extra.find((each) => !/^(umask|block|sandbox|depend|group_list)=/.test(each));
  if (unknown !== undefined) return refuse({ code: 154, text: "Error (15002) submitting job" });
  return {
    ...resources,
    name,
    queue: (first("q") ?? "").replace(/@.*$/, "") || (settings.queues[0]?.name ?? "workq"),
    account: first("A"),
    script,
    joined: first("j") === "oe" || first("j") === "eo",
    keep: first("k") ?? "n",
    outputPath: absolute(first("o"), call.cwd),
    errorPath: absolute(first("e"), call.cwd),
    rerunnable: first("r") !== "n",
    held: first("h") !== null,
    variables: readVariables(first("v")),
    array,
    umask: extra.find((each) => each.startsWith("umask="))?.slice("umask=".length) ?? "077",
    submitArguments: call.args.filter((word) => word !== "").join(" "),
    submitter: call,
  };
}

function absolute(path: string | null, cwd: string): string | null {
  return path === null || path.startsWith("/") ? path : `${cwd}/${path}`;
}

function readVariables(list: string | null): (readonly [string, string])[] {
  if (list === null) return [];
  return list.split(",").map((entry) => {
    const equals = entry.indexOf("=");
    return equals === -1 ? [entry, ""] : [entry.slice(0, equals), entry.slice(equals + 1)];
  });
}

function readRange(text: string): ArrayRange | "illegal" {
  const match = /^(\d+)-(\d+)(?::(\d+))?(?:%(\d+))?$/.exec(text);
  if (!match) return "illegal";
  const [start = 0, end = 0, step = 1, atOnce = Infinity] = match
    .slice(1)
    .map((part) => (part === undefined ? undefined : Number(part)));
  if (start >= end || step < 1) return "illegal";
  const indices: number[] = [];
  for (let index = start; index <= end; index += step) indices.push(index);
  return { text, indices, atOnce };
}

/** What the server refuses, in the order it looks. */
function refusalOf(request: JobRequest, { settings, jobs }: Cluster): Refusal | null {
  const { submitter, account, array } = request;
  const hooked = settings.accountHook(account);
  if (hooked !== null) return { code: 32, text: hooked };
  const queue = settings.queues.find((each) => each.name === request.queue);
  if (!queue) return { code: 170, text: "Unknown queue" };
  if (queue.enabled === false) return { code: 173, text: "Queue is not enabled" };
  if (queue.users && !queue.users.includes(submitter.user)) {
    return { code: 159, text: "Unauthorized Request " };
  }
  if (exceeds(request, queue)) {
    return { code: 188, text: "Job violates queue and/or server resource limits" };
  }
  if (array !== null && array.indices.length > settings.maxArraySize) {
    return { code: 3, text: "Array job exceeds server or queue size limit" };
  }
  const theirs = [...jobs.values()].filter(
    (job) =>
      job.owner === submitter.user &&
      job.request.queue === queue.name &&
      !isOver(job) &&
      (job.request.array === null || job.index !== null),
  );
  const coming = array?.indices.length ?? 1;
  if (theirs.length + coming > (queue.maxQueued ?? Infinity)) {
    return { code: 38, text: "would exceed queue generic's per-user limit" };
  }
  return null;
}

function exceeds(request: JobRequest, queue: EmulatedQueue): boolean {
  return (
    (request.walltimeSeconds ?? 0) > (queue.maxWalltimeSeconds ?? Infinity) ||
    request.ncpus > (queue.maxNcpus ?? Infinity)
  );
}
