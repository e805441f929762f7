import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { prototypeScene } from "../../src/demo/scene.ts";
import { Stage } from "../../src/demo/stage.ts";
import { hpcRunners } from "../helpers/program.ts";
import { until } from "../helpers/until.ts";

async function prepare(): Promise<Stage> {
  const stage = await Stage.prepare({ scene: prototypeScene });
  onTestFinished(() => stage.close());
  return stage;
}

function start(stage: Stage, variables: Readonly<NodeJS.ProcessEnv> = {}) {
  return hpcRunners(["start"], { ...stage.environment, ...variables }, stage.directory);
}

test("a start without what it needs is refused in one line each, with a cure", async () => {
  const stage = await prepare();
  const missing = { APP_ID: "", PRIVATE_KEY: "", WEBHOOK_SECRET: "" };
  const { code, output, errors } = await start(stage, missing);
  expect(code).toBe(78);
  expect(output).toBe("");
  const lines = errors.split("\n");
  expect(lines).toHaveLength(3);
  expect(lines[0]).toMatch(/^APP_ID is missing: copy "App ID" from .*\.$/);
  expect(lines[1]).toMatch(/^PRIVATE_KEY is missing: generate a private key on .*\.$/);
  expect(lines[2]).toMatch(
    /^WEBHOOK_SECRET is missing: make one with "openssl rand -hex 32", .*\.$/,
  );
});

test("a second instance on the same state directory is refused in one line: who holds it, and what to do", async () => {
  const stage = await prepare();
  await stage.start();
  const { code, errors } = await start(stage);
  expect(code).toBe(75);
  expect(errors.split("\n")).toHaveLength(1);
  expect(errors).toMatch(
    /^The state directory is held by process \d+ on \S+ since \S+ \(.*instance\.json\)\. Stop that instance, or give this one its own XDG_STATE_HOME\.$/,
  );
  // The first is none the worse for it.
  expect((await stage.overview()).jobs).toEqual([]);
});

test("a port that is taken ends the start in one line, and leaves the state directory free", async () => {
  const stage = await prepare();
  const other = createServer().listen(0, "127.0.0.1");
  await once(other, "listening");
  onTestFinished(() => void other.close());
  const address = other.address();
  if (address === null || typeof address === "string") throw new Error("Not listening on TCP");
  const { code, errors } = await start(stage, { PORT: String(address.port) });
  expect(code).toBe(78);
  expect(errors).toBe(
    `PORT ${address.port} is taken by another program on 127.0.0.1: set another, or end that one.`,
  );
  await stage.start();
});

test("a smee channel that cannot be reached is a warning, not the end", async () => {
  const stage = await prepare();
  await stage.start({ WEBHOOK_PROXY_URL: "http://127.0.0.1:9/channel" });
  const log = () => readFile(stage.logFile, "utf8");
  await until("it is told", async () =>
    (await log()).includes("The smee channel cannot be reached"),
  );
  expect((await stage.overview()).jobs).toEqual([]);
  expect(await stage.stop()).toBe(0);
});
