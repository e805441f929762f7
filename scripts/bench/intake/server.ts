import { spawn, type ChildProcess } from "node:child_process";
import { generateKeyPairSync, randomBytes } from "node:crypto";
import { once } from "node:events";
import { closeSync, mkdtempSync, openSync, rmSync, statSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { Stage } from "../../../src/demo/stage.ts";
import { programOf } from "../../../src/emulator/program.ts";
import { onOneCore } from "../process.ts";

/** A process that receives webhooks. */
export interface WebhookServer {
  readonly url: URL;
  readonly secret: string;
  readonly pid: number;
  /** Where the process keeps what it stores; `null` if it stores nothing. */
  readonly stateDirectory: string | null;
  /** Resolves when all that was answered has also been read and stored. */
  settled(): Promise<void>;
  /** Ends the process; what it has stored can be looked at until {@link close}. */
  stop(): Promise<void>;
  close(): Promise<void>;
}

/** `hpc-runners start` as it is built, on one core. PBS lets its four allocations wait for ever. */
export async function startOurs(): Promise<WebhookServer> {
  const program = onOneCore(programOf(import.meta.url, "../../../src/cli/main"));
  const stage = await Stage.prepare({
    scene: { organization: "hpc-research", repositories: ["Hello-World"] },
    pool: { max_allocations: 4 },
    pbs: { queueWait: () => 1e9 },
    program,
  });
  await stage.start();
  const { pid, github, stateDirectory, environment } = stage;
  if (pid === null || github.webhooks.url === null) throw new Error("The program does not run");
  return {
    url: new URL(github.webhooks.url),
    secret: environment["WEBHOOK_SECRET"] ?? "",
    pid,
    stateDirectory,
    async settled() {
      // It is emptied when all of it was dealt with.
      while (statSync(join(stateDirectory, "journal")).size > 0) await wait(2);
    },
    stop: async () => void (await stage.stop()),
    close: () => stage.close(),
  };
}

/** What ours is held against; on the same core. */
export async function startOther(
  which: "bare-server" | "probot-server",
  variables: Readonly<Record<string, string>> = {},
): Promise<WebhookServer> {
  const [first, ...words] = onOneCore(programOf(import.meta.url, `./${which}`));
  const secret = randomBytes(16).toString("hex");
  const port = await freePort();
  const url = new URL(`http://127.0.0.1:${port}/api/github/webhooks`);
  const directory = mkdtempSync(join(tmpdir(), "hpc-runners-bench-"));
  const log = openSync(join(directory, "log"), "a");
  const program = spawn(first, words, {
    env: {
      ...process.env,
      PORT: String(port),
      WEBHOOK_SECRET: secret,
      PRIVATE_KEY: newPrivateKey(),
      ...variables,
    },
    stdio: ["ignore", log, log],
  });
  closeSync(log);
  process.once("exit", () => program.kill("SIGKILL"));
  await answers(program, url);
  const stop = async (): Promise<void> => {
    if (program.exitCode !== null || program.signalCode !== null) return;
    program.kill("SIGTERM");
    await once(program, "exit");
  };
  return {
    url,
    secret,
    pid: program.pid ?? 0,
    stateDirectory: null,
    settled: () => Promise.resolve(),
    stop,
    async close() {
      await stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

async function answers(program: ChildProcess, url: URL): Promise<void> {
  while (program.exitCode === null) {
    const response = await fetch(url).catch(() => null);
    if (response) return void (await response.arrayBuffer());
    await wait(50);
  }
  throw new Error(`${program.spawnargs.join(" ")} did not come up`);
}

/** Probot takes 0 for its default of 3000. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("No port");
  return address.port;
}

function newPrivateKey(): string {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  return String(privateKey.export({ type: "pkcs8", format: "pem" }));
}
