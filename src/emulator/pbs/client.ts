import { connect } from "node:net";
import { userInfo } from "node:os";
import { buffer } from "node:stream/consumers";
import { getopt, QSUB_OPTIONS } from "./commands/getopt.ts";
import { serverOf } from "./routing.ts";
import { type Call, type Reply, serverDown, serverUnknown } from "./wire.ts";

/**
 * The program behind the emulated `qsub`, `qstat`, `qdel`, `qselect` and `pbsnodes`:
 * `node client.js SOCKETS SERVER COMMAND [ARGUMENT …]`, where the sockets are a JSON object by server.
 */
async function main(): Promise<void> {
  const [sockets = "", standard = "", command = "", ...args] = process.argv.slice(2);
  const known = new Map(Object.entries<unknown>(Object(JSON.parse(sockets))));
  const server = serverOf(command, args) ?? standard;
  const socketPath = known.get(server);
  const answer =
    typeof socketPath === "string"
      ? await ask(socketPath, describe(command, args), readsInput(command, args)).catch(() =>
          serverDown(command, args, server),
        )
      : serverUnknown(command, args, server, standard);
  if (answer.die === true) process.kill(process.pid, "SIGKILL");
  await write(process.stderr, answer.stderr);
  await write(process.stdout, answer.stdout);
  process.exitCode = answer.code;
}

function describe(command: string, args: readonly string[]): Call {
  const { username, homedir, shell } = userInfo();
  const { HOME, SHELL, PATH, LANG } = process.env;
  return {
    command,
    args,
    user: username,
    cwd: process.cwd(),
    home: HOME ?? homedir,
    shell: SHELL ?? shell ?? "/bin/sh",
    path: PATH ?? "",
    lang: LANG ?? "C",
  };
}

/** Only a `qsub` that is given neither a script file nor a command reads its standard input. */
function readsInput(command: string, args: readonly string[]): boolean {
  if (command !== "qsub" || process.stdin.isTTY) return false;
  const { operands, rest, wrong } = getopt(args, QSUB_OPTIONS);
  return operands.length === 0 && rest === null && wrong === null;
}

async function ask(socketPath: string, call: Call, withInput: boolean): Promise<Reply> {
  const input = withInput ? await buffer(process.stdin) : Buffer.alloc(0);
  const socket = connect(socketPath);
  socket.write(`${JSON.stringify(call)}\n`);
  socket.end(input);
  const answer = await buffer(socket);
  const parsed: unknown = JSON.parse(answer.toString("utf8"));
  if (!isReply(parsed)) throw new Error("The emulated server's answer is not one");
  return parsed;
}

function isReply(value: unknown): value is Reply {
  return typeof value === "object" && value !== null && "code" in value && "stdout" in value;
}

function write(stream: NodeJS.WriteStream, text: string): Promise<void> {
  return new Promise((resolve) => {
    if (text === "") resolve();
    else stream.write(text, () => resolve());
  });
}

await main();
