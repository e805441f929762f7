import { existsSync, mkdirSync, readlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pino } from "pino";
import { describe, expect, it } from "vitest";
import { createReleaseKeeper, type KeeperOptions } from "../../../src/runner/release/keeper.ts";
import { hostArchitecture } from "../../../src/runner/release/source.ts";
import { temporaryDirectory } from "../../helpers/directory.ts";
import { until } from "../../helpers/until.ts";
import { archiveOf, leastRelease } from "./archives.ts";
import { Site } from "./site.ts";

const HOUR = 3_600_000;
const DOWNLOADS = "GET /orgs/{org}/actions/runners/downloads";

/** No two are alike. */
function tiny(version: string): Buffer {
  return archiveOf(leastRelease(`#!/bin/sh\necho ${version}\n`));
}

/** A keeper whose clock the test moves. */
async function keep(more: Partial<KeeperOptions> = {}) {
  const site = await Site.open(join(temporaryDirectory(), "runner"));
  const lines: string[] = [];
  const log = pino({ level: "info" }, { write: (line: string) => void lines.push(line) });
  const world: { now: number; oldest: number | null } = { now: Date.now(), oldest: null };
  const publish = (version: string): void => {
    const architecture = hostArchitecture();
    site.github.releases.publish({ version, architecture, archive: tiny(version) });
  };
  const keeper = createReleaseKeeper({
    shelf: site.shelf,
    offers: site.offers,
    mirror: null,
    fetch,
    update: true,
    oldestLive: () => world.oldest,
    now: () => world.now,
    log,
    ...more,
  });
  return {
    site,
    keeper,
    world,
    publish,
    at: async (hours: number): Promise<void> => {
      world.now += hours * HOUR;
      await keeper.keep();
    },
    asked: () => site.github.calls.get(DOWNLOADS) ?? 0,
    current: () => readlinkSync(join(site.shelf.directory, `current-${hostArchitecture()}`)),
    installed: async () => (await site.shelf.list()).map(({ name }) => name.version),
    said: () => lines.splice(0).join(""),
  };
}

describe("a keeper of releases", () => {
  it("installs what is missing, then asks once a day, and follows", async () => {
    const { publish, at, asked, current, said } = await keep();
    publish("2.335.0");
    await at(0);
    expect(current()).toMatch(/^2\.335\.0-/);
    await at(1);
    await at(22);
    expect(asked()).toBe(1);
    publish("2.336.0");
    await at(1);
    expect(asked()).toBe(2);
    expect(current()).toMatch(/^2\.336\.0-/);
    expect(said()).toContain("Installing a new release");
  });

  it("keeps two, and whatever was current since the oldest live allocation was submitted", async () => {
    const { publish, at, world, installed, site } = await keep();
    publish("2.331.0");
    await at(0);
    world.oldest = world.now;
    for (const version of ["2.332.0", "2.333.0", "2.334.0"]) {
      publish(version);
      await at(24);
    }
    expect(await installed()).toEqual(["2.334.0", "2.333.0", "2.332.0", "2.331.0"]);
    // The oldest is of a time at which 2.332.0 was the current one.
    world.oldest += 36 * HOUR;
    await at(24);
    expect(await installed()).toEqual(["2.334.0", "2.333.0", "2.332.0"]);
    world.oldest = null;
    await at(24);
    expect(await installed()).toEqual(["2.334.0", "2.333.0"]);
    expect(existsSync(join(site.shelf.directory, `2.332.0-${hostArchitecture()}`))).toBe(false);
  });

  it("keeps all architectures fresh that are installed", async () => {
    const { publish, at, site, installed } = await keep();
    const other = hostArchitecture() === "x64" ? "arm64" : "x64";
    publish("2.335.0");
    site.github.releases.publish({ version: "2.335.0", architecture: other, archive: tiny("a") });
    await at(0);
    expect(await installed()).toEqual(["2.335.0"]);
    await site.install({ architecture: other });
    publish("2.336.0");
    site.github.releases.publish({ version: "2.336.0", architecture: other, archive: tiny("b") });
    await at(25);
    expect(await installed()).toEqual(["2.336.0", "2.336.0", "2.335.0", "2.335.0"]);
  });

  it("does not go back to an older one that GitHub offers", async () => {
    const { publish, at, current, said } = await keep();
    publish("2.336.0");
    await at(0);
    publish("2.335.1");
    await at(25);
    expect(current()).toMatch(/^2\.336\.0-/);
    expect(said()).not.toContain("could not");
  });

  it("tries again every hour after a failure, warns, and raises its voice after 25 days", async () => {
    const { publish, at, site, asked, said } = await keep();
    publish("2.335.0");
    await at(0);
    said();
    site.github.faults.down = true;
    await at(25);
    expect(said()).toMatch(/"level":40.*GitHub's runner could not be kept up to date/);
    expect(asked()).toBe(1);
    site.github.faults.down = false;
    await at(0.5);
    expect(asked()).toBe(1);
    await at(0.5);
    expect(asked()).toBe(2);
    site.github.faults.down = true;
    said();
    await at(26 * 24);
    expect(said()).toMatch(
      /"level":50.*"days":26.*GitHub gives no jobs to one that is 30 days behind/,
    );
    await at(5 * 24);
    expect(said()).toMatch(/"days":31.*may be too old to be given jobs/);
  });

  it("is not led to what GitHub does not vouch for", async () => {
    const { at, site, installed, said } = await keep();
    const architecture = hostArchitecture();
    const release = { version: "2.336.0", architecture, archive: tiny("x") };
    site.github.releases.publish({ ...release, sha256: "0".repeat(64) });
    await at(0);
    expect(said()).toContain("its SHA-256 is");
    site.github.releases.publish({ ...release, sha256: null });
    await at(1);
    expect(said()).toContain("cannot be verified");
    expect(await installed()).toEqual([]);
  });

  it("only tells of a newer one where it may not install it", async () => {
    const { publish, at, installed, said, site } = await keep({ update: false });
    publish("2.335.0");
    await site.install({ architecture: null });
    publish("2.336.0");
    await at(25);
    expect(said()).toContain("runner.update is never: run hpc-runners runner install");
    expect(await installed()).toEqual(["2.335.0"]);
  });

  it("looks at once when GitHub has refused the installed one, once for many", async () => {
    const { publish, at, keeper, world, current, asked, said } = await keep();
    publish("2.335.0");
    await at(0);
    publish("2.336.0");
    world.now += HOUR;
    await Promise.all([1, 2, 3].map(() => keeper.triggerUpdate()));
    expect(current()).toMatch(/^2\.336\.0-/);
    await keeper.triggerUpdate();
    expect(asked()).toBe(2);
    world.now += HOUR;
    said();
    await keeper.triggerUpdate();
    expect(said()).toMatch(
      /"level":50.*refuses the installed release of its runner and offers none newer/,
    );
  });

  it("removes what killed installations left, of this host and of another long ago", async () => {
    const { publish, at, site } = await keep();
    const { drafts } = site.shelf;
    for (const each of ["a.tar.gz~other-host~1~00", "a.tar.gz~idle~00"]) {
      mkdirSync(join(drafts, each), { recursive: true });
      writeFileSync(join(drafts, each, "archive"), "part");
    }
    publish("2.335.0");
    await at(0);
    expect(existsSync(join(drafts, "a.tar.gz~idle~00"))).toBe(false);
    expect(existsSync(join(drafts, "a.tar.gz~other-host~1~00"))).toBe(true);
  });

  it("ends in the middle of a download when the program ends", async () => {
    const { publish, keeper, site, installed } = await keep();
    publish("2.335.0");
    site.github.releases.fault({ kind: "stall", after: 10 });
    const work = keeper.keep();
    await until("it downloads", () => site.github.releases.calls.length === 1);
    keeper.stop();
    await work;
    expect(await installed()).toEqual([]);
  });
});
