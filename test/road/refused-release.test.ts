import { readlinkSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { prototypeScene } from "../../src/demo/scene.ts";
import { Stage } from "../../src/demo/stage.ts";
import { packEmulatedRunner } from "../../src/emulator/releases/archive.ts";
import { installRelease } from "../../src/runner/release/install.ts";
import { ReleaseShelf } from "../../src/runner/release/shelf.ts";
import { hostArchitecture } from "../../src/runner/release/source.ts";
import { temporaryDirectory } from "../helpers/directory.ts";
import { until } from "../helpers/until.ts";
import { archiveOf, leastRelease } from "../runner/release/archives.ts";

it("a release that GitHub refuses is followed at once by the one it wants, and the job is served", async () => {
  const stage = await Stage.prepare({ scene: prototypeScene, lostAfter: 500 });
  onTestFinished(async ({ task }) => {
    if (task.result?.state === "fail") console.error(await readFile(stage.logFile, "utf8"));
    await stage.close();
  });
  const architecture = hostArchitecture();
  const shelf = new ReleaseShelf(join(stage.directory, "runner"));
  const from = join(temporaryDirectory(), "old.tar.gz");
  // As GitHub's listener does when its version is no longer taken.
  writeFileSync(from, archiveOf(leastRelease("#!/bin/sh\nexit 7\n")));
  const request = { architecture, version: "2.336.1", from, sha256: null, unverified: true };
  const { release } = await installRelease(request, {
    shelf,
    offers: () => Promise.resolve([]),
    mirror: null,
    fetch,
    onProgress: () => undefined,
    signal: new AbortController().signal,
    now: Date.now,
  });
  // Looked at a moment ago: only the refusal leads to another look.
  await shelf.noteFresh(release.name, Date.now());
  const archive = await packEmulatedRunner();
  stage.github.releases.publish({ version: "2.337.0", architecture, archive });
  await stage.start();
  const steps = [{ name: "Test", run: "true" }];
  const [job] = stage.github.push({
    repository: "climate-model",
    name: "ci",
    jobs: [{ name: "job", runsOn: ["self-hosted", "derecho"], steps }],
  }).jobs;
  await until("the job is served", () => job?.conclusion === "success");
  expect(readlinkSync(join(shelf.directory, `current-${architecture}`))).toBe(
    `2.337.0-${architecture}`,
  );
  const downloads = "GET /orgs/{org}/actions/runners/downloads";
  expect(stage.github.calls.get(downloads)).toBe(1);
});
