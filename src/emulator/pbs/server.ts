import { createServer, type Server, type Socket } from "node:net";
import type { Cluster } from "./cluster.ts";
import { pbsnodes } from "./commands/pbsnodes.ts";
import { qdel } from "./commands/qdel.ts";
import { qselect } from "./commands/qselect.ts";
import { qstat } from "./commands/qstat.ts";
import { qsub } from "./commands/qsub.ts";
import type { PbsFaults } from "./faults.ts";
import { reply, serverDown, type Call, type Reply } from "./wire.ts";

export interface PbsServer {
  close(): Promise<void>;
}

/** Answers the emulated commands on a unix-domain socket, which only this user can reach. */
export async function listen(
  socketPath: string,
  cluster: Cluster,
  faults: PbsFaults,
): Promise<PbsServer> {
  const sockets = new Set<Socket>();
  const server: Server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    // A command that was killed: what it asked for is done all the same.
    socket.on("error", () => undefined);
    void serve(socket, cluster, faults);
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(socketPath, resolve);
  });
  return {
    async close() {
      const closed = new Promise<void>((resolve) => {
        server.close(() => resolve());
      });
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

async function serve(socket: Socket, cluster: Cluster, faults: PbsFaults): Promise<void> {
  const received = await readToEnd(socket);
  if (received === null) return;
  const end = received.indexOf("\n");
  const call: unknown = JSON.parse(received.subarray(0, end).toString("utf8"));
  if (!isCall(call)) {
    socket.destroy();
    return;
  }
  const input = received.subarray(end + 1).toString("utf8");
  const answer = await answerTo(call, input, cluster, faults);
  if (answer !== null) socket.end(JSON.stringify(answer));
}

/** Not by iterating over it, which would close both its ends: the answer is still to go. `null` if it broke off. */
function readToEnd(socket: Socket): Promise<Buffer | null> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    socket.on("data", (chunk: Buffer) => chunks.push(chunk));
    socket.once("end", () => resolve(Buffer.concat(chunks)));
    socket.once("close", () => resolve(null));
  });
}

function isCall(value: unknown): value is Call {
  return typeof value === "object" && value !== null && "command" in value && "args" in value;
}

/** @returns `null` when the command is to wait for ever. */
async function answerTo(
  call: Call,
  input: string,
  cluster: Cluster,
  faults: PbsFaults,
): Promise<Reply | null> {
  await faults.delay();
  if (faults.down) return serverDown(call.command, call.args, cluster.settings.server);
  const answer = run(call, input, cluster, faults);
  const loss = faults.takeLoss(call.command);
  if (loss === "hang") return null;
  return loss === "die" ? { ...answer, die: true } : answer;
}

function run(call: Call, input: string, cluster: Cluster, faults: PbsFaults): Reply {
  const { settings, jobs } = cluster;
  switch (call.command) {
    case "qsub":
      return qsub(call, input, cluster);
    case "qstat":
      return qstat(call, { settings, jobs: faults.takeView(), brokenJson: faults.brokenJson });
    case "qdel":
      return qdel(call, cluster);
    case "qselect":
      return qselect(call, jobs, settings);
    case "pbsnodes":
      return pbsnodes(call, cluster);
    default:
      return reply(127, "", `${call.command}: not emulated\n`);
  }
}
