import type { Attributes } from "../attributes.ts";
import type { Cluster } from "../cluster.ts";
import { plain, printJson } from "../print.ts";
import { reply, type Call, type Reply } from "../wire.ts";
import { complaint, getopt } from "./getopt.ts";

/** The emulated `pbsnodes`: one node, in JSON or as text. */
export function pbsnodes(call: Call, cluster: Cluster): Reply {
  const { options, operands, wrong } = getopt(call.args, "aF:lSjv");
  if (wrong !== null) return reply(1, "", complaint("pbsnodes", wrong));
  const { server } = cluster.settings;
  const asJson = options.some(([letter, value]) => letter === "F" && value === "json");
  const unknown = operands.find((name) => name !== server);
  if (unknown !== undefined && asJson) {
    return reply(0, printJson(server, "nodes", { [unknown]: { [unknown]: "Unknown node " } }));
  }
  if (unknown !== undefined) return reply(1, "", `Node: ${unknown},  Error: Unknown node \n`);
  const node = describe(cluster);
  if (asJson) return reply(0, printJson(server, "nodes", { [server]: node }));
  const lines = Object.entries(node).flatMap(([name, value]) =>
    typeof value === "object"
      ? Object.entries(value).map(([key, each]) => `     ${name}.${key} = ${plain(each)}\n`)
      : [`     ${name} = ${value}\n`],
  );
  return reply(0, `${server}\n${lines.join("")}\n`);
}

function describe(cluster: Cluster): Attributes {
  const { server, ncpus } = cluster.settings;
  const busy = [...cluster.jobs.values()].filter((job) => job.slot !== null);
  const used = busy.reduce((total, job) => total + job.request.ncpus, 0);
  const full = used >= ncpus ? "job-busy" : "free";
  return {
    Mom: server,
    ntype: "PBS",
    state: cluster.node.down ? "down" : full,
    pcpus: ncpus,
    ...(busy.length === 0 ? {} : { jobs: busy.map((job) => job.id) }),
    resources_available: { arch: "linux", host: server, ncpus, vnode: server },
    resources_assigned: used === 0 ? {} : { ncpus: used },
    resv_enable: "True",
    sharing: "default_shared",
    license: "l",
  };
}
