import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdir } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { prototypeScene } from "../src/demo/scene.ts";
import { Stage } from "../src/demo/stage.ts";
import { until } from "./helpers/until.ts";

const [PROBOT = "", APP = ""] = ["../node_modules/probot/bin/probot.js", "../dist/app.js"].map(
  (path) => fileURLToPath(new URL(path, import.meta.url)),
);

async function prepare(): Promise<Stage> {
  const stage = await Stage.prepare({ scene: prototypeScene, lostAfter: 500 });
  onTestFinished(() => stage.close());
  return stage;
}

/** `probot run dist/app.js`, as Probot's users run an app. */
function probotRun(stage: Stage, variables: Readonly<Record<string, string>>) {
  const child = spawn(process.execPath, [PROBOT, "run", APP], {
    cwd: stage.directory,
    env: { ...stage.environment, ...variables },
    stdio: ["ignore", "pipe", "pipe"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  const output = text(child.stdout);
  const errors = text(child.stderr);
  const exited = once(child, "exit");
  return {
    stop: () => child.kill("SIGTERM"),
    async ended() {
      await exited;
      return { code: child.exitCode, output: await output, errors: await errors };
    },
  };
}

/** Probot takes 3000 for 0. */
async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  if (address === null || typeof address === "string") throw new Error("Not listening on TCP");
  return address.port;
}

test("`probot run ./dist/app.js` serves jobs, and ends well", async () => {
  const stage = await prepare();
  const port = await freePort();
  const program = probotRun(stage, { PORT: String(port) });
  const url = `http://127.0.0.1:${port}`;
  await until("Probot listens", () =>
    fetch(`${url}/ping`).then(
      ({ ok }) => ok,
      () => false,
    ),
  );
  stage.github.webhooks.url = `${url}/api/github/webhooks`;
  for (const each of prototypeScene.workflows.slice(0, 2)) stage.github.push(each);
  const ends = () => stage.github.jobs().map(({ conclusion }) => conclusion);
  await until("all are served", () => ends().every((end) => end !== null));
  expect(ends()).toEqual(Array(5).fill("success"));
  await until("nothing is left", () => {
    const over = stage.pbs?.jobs().every(({ state }) => state === "F");
    return over && stage.github.runners().length === 0;
  });
  program.stop();
  expect((await program.ended()).code).toBe(0);
  // The lease is given back: the next start need not wait for it to run out.
  expect(await readdir(join(stage.directory, "state/hpc-runners"))).not.toContain("instance.json");
});

test.each([
  ["no webhook secret", { WEBHOOK_SECRET: "" }, /^WEBHOOK_SECRET is missing/],
  ["no configuration", { HPC_RUNNERS_CONFIG: "/nowhere.yml" }, /nowhere\.yml[^]*does not exist/],
])("`probot run` with %s ends at once, and says why", async (_what, variables, words) => {
  const stage = await prepare();
  const { code, output, errors } = await probotRun(stage, variables).ended();
  expect(code).toBe(1);
  const said = output.split("\n").find((line) => line.startsWith("{")) ?? "";
  expect(JSON.parse(said)).toMatchObject({ level: "fatal", reason: expect.stringMatching(words) });
  expect(errors).toBe("");
});
