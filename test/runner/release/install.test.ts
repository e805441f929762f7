import {
  existsSync,
  lstatSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { ReleaseRequest } from "../../../src/runner/release/source.ts";
import { temporaryDirectory } from "../../helpers/directory.ts";
import { archiveOf, leastRelease, releaseLike, sha256, type Entry } from "./archives.ts";
import { open, visible, drafts, failure, FILE } from "./outcome.ts";

describe("installing a release", () => {
  it("downloads, verifies and unpacks what GitHub wants, read-only, and makes it current", async () => {
    const site = await open();
    const archive = await releaseLike();
    site.publish("2.335.0", archiveOf([]));
    site.publish("2.336.0", archive);
    site.github.releases.publish({ version: "2.336.0", architecture: "x64", os: "osx", archive });
    const { release, installed } = await site.install();
    expect(installed).toBe(true);
    expect(release).toMatchObject({
      name: { version: "2.336.0", architecture: "x64" },
      current: true,
      facts: { sha256: sha256(archive), vouchedBy: "github" },
    });
    expect(release.freshAt).not.toBeNull();
    const { directory } = site.shelf;
    expect(readlinkSync(join(directory, "current-x64"))).toBe("2.336.0-x64");
    const tree = join(directory, "current-x64");
    const mode = (path: string): number => lstatSync(join(tree, path)).mode & 0o777;
    expect(mode("bin/Runner.Listener") & 0o333).toBe(0o111);
    expect(mode("bin/System.Part1.dll") & 0o333).toBe(0);
    expect(mode("run.sh") & 0o100).toBe(0o100);
    const npm = join(tree, "externals/node24/bin/npm");
    expect(readFileSync(npm, "utf8")).toBe("#!/usr/bin/env node\n");
    expect(lstatSync(npm).isSymbolicLink()).toBe(true);
    expect(release.facts.files).toBeGreaterThan(180);
    expect(drafts(site)).toEqual([]);
    const steps = new Set(site.progress.map(({ step }) => step));
    expect([...steps]).toEqual(["download", "verify", "unpack"]);
    expect(site.progress.at(-1)).toMatchObject({ done: archive.length, total: archive.length });
  });

  it("does nothing when it is there already", async () => {
    const site = await open();
    site.publish("2.336.0", await releaseLike());
    await site.install();
    expect(await site.install()).toMatchObject({ installed: false });
    expect(site.github.releases.calls).toHaveLength(1);
  });

  it("goes back to an older one that is asked for, whose checksum is given", async () => {
    const site = await open();
    const old = await releaseLike({ bytes: 10 });
    site.publish("2.335.0", old);
    site.publish("2.336.0", await releaseLike());
    await site.install();
    const refused = await failure(site.install({ version: "2.335.0" }));
    expect(refused.message).toMatch(/cannot be verified.*--sha256.*--unverified/);
    const { release } = await site.install({
      version: "2.335.0",
      sha256: sha256(old).toUpperCase(),
    });
    expect(release).toMatchObject({ current: true, facts: { vouchedBy: "user" } });
    expect(await site.shelf.list()).toMatchObject([{ current: false }, { current: true }]);
  });

  it("downloads from a mirror, and compares with GitHub's checksum", async () => {
    const site = await open();
    const archive = await releaseLike();
    site.publish("2.336.0", archive);
    const mirror = await open();
    mirror.publish("2.336.0", archive);
    const path = `${mirror.web}/actions/runner/releases/download`;
    await site.install({}, { mirror: path });
    expect(site.github.releases.calls).toEqual([]);
    expect(mirror.github.releases.calls).toHaveLength(1);
  });

  it("installs one for arm64 beside that for x64", async () => {
    const site = await open();
    const arm = await releaseLike({ architecture: "arm64" });
    site.publish("2.336.0", await releaseLike());
    site.github.releases.publish({ version: "2.336.0", architecture: "arm64", archive: arm });
    await site.install();
    await site.install({ architecture: "arm64" });
    expect(visible(site).toSorted()).toEqual([
      "2.336.0-arm64",
      "2.336.0-x64",
      "current-arm64",
      "current-x64",
    ]);
  });
});

describe("what is not to be used", () => {
  it("with other bytes than GitHub says is refused, and not kept", async () => {
    const site = await open();
    site.publish("2.336.0", await releaseLike());
    site.github.releases.fault({ kind: "wrong" });
    const error = await failure(site.install());
    expect(error.message).toMatch(
      /is not actions-runner-linux-x64-2\.336\.0\.tar\.gz: its SHA-256 is [0-9a-f]{64}, GitHub says [0-9a-f]{64}: do not use it/,
    );
    expect(visible(site)).toEqual([]);
    expect(drafts(site)).toEqual([]);
  });

  it("without a checksum needs the caller's word", async () => {
    const site = await open();
    site.publish("2.336.0", await releaseLike(), null);
    expect((await failure(site.install())).message).toContain("cannot be verified");
    expect(site.github.releases.calls).toEqual([]);
    const { release } = await site.install({ unverified: true });
    expect(release.facts.vouchedBy).toBe("nobody");
  });

  const OUTSIDE = "what is elsewhere";
  it.each<[string, Entry, string]>([
    ["a path that climbs", { path: "./bin/../../../escaped" }, "would be written elsewhere"],
    ["an absolute path", { path: "/tmp/hpc-runners-escaped" }, "would be written elsewhere"],
    ["a link that climbs", { path: "x", type: "SymbolicLink", linkpath: "../../etc" }, OUTSIDE],
    ["an absolute link", { path: "x", type: "SymbolicLink", linkpath: "/etc/passwd" }, OUTSIDE],
    ["a hard link that climbs", { path: "x", type: "Link", linkpath: "../secret" }, OUTSIDE],
    ["an absolute hard link", { path: "x", type: "Link", linkpath: "/etc/passwd" }, OUTSIDE],
    ["a pipe", { path: "x", type: "FIFO" }, "neither file, directory nor link"],
    ["a device", { path: "x", type: "CharacterDevice" }, "neither file, directory nor link"],
  ])("with %s in it is refused as a whole", async (_what, entry, words) => {
    const site = await open();
    const around = leastRelease();
    site.publish("2.336.0", archiveOf([...around, entry, ...around]));
    const error = await failure(site.install());
    expect(error.kind).toBe("reject");
    expect(error.message).toContain(words);
    expect(visible(site)).toEqual([]);
    expect(drafts(site)).toEqual([]);
    expect(existsSync("/tmp/hpc-runners-escaped")).toBe(false);
    expect(readdirSync(join(site.shelf.directory, ".."))).toEqual(["runner"]);
  });

  it("with a link through a link to what is elsewhere is refused as a whole", async () => {
    const site = await open();
    site.publish(
      "2.336.0",
      archiveOf([
        ...leastRelease(),
        { path: "./a/b/c/", type: "Directory", mode: 0o755 },
        { path: "./up", type: "SymbolicLink", linkpath: "a/b/c" },
        { path: "./d/e/out", type: "SymbolicLink", linkpath: "../../up/../../../../.." },
        { path: "./a/b/c/far", type: "SymbolicLink", linkpath: "../../../d" },
        { path: "./z", type: "SymbolicLink", linkpath: "a/b/c/far/../../.." },
      ]),
    );
    const error = await failure(site.install());
    expect(error.message).toContain(OUTSIDE);
    expect(visible(site)).toEqual([]);
  });

  it("has no bits but those of a program", async () => {
    const site = await open();
    site.publish("2.336.0", archiveOf(leastRelease("#!/bin/sh\n", 0o6777)));
    const { release } = await site.install();
    const { mode } = lstatSync(join(release.directory, "bin/Runner.Listener"));
    expect(mode & 0o7222).toBe(0);
  });

  it("and is cut short, of another architecture, no archive, or no runner is named so", async () => {
    const site = await open();
    const directory = temporaryDirectory();
    const good = await releaseLike();
    const cases: [Buffer, RegExp][] = [
      [good.subarray(0, good.length / 2), /cut short or damaged/],
      [Buffer.from("<html>Sign in to the proxy</html>"), /cut short or damaged, or no archive/],
      [Buffer.alloc(0), /has no bin\/Runner\.Listener|cut short/],
      [
        archiveOf([{ path: "README", content: "x" }]),
        /is not GitHub's runner for Linux, it has no bin\/Runner\.Listener/,
      ],
      [await releaseLike({ listener: false }), /it has no bin\/Runner\.Listener/],
      [await releaseLike({ architecture: "arm64" }), /is for arm64, not for x64/],
    ];
    for (const [bytes, words] of cases) {
      const from = join(directory, FILE);
      writeFileSync(from, bytes);
      const error = await failure(site.install({ from, unverified: true }));
      expect(error.message).toMatch(words);
      expect(error.message).toContain(from);
      expect(error.message).toMatch(/: .*\.$/);
    }
    expect(visible(site)).toEqual([]);
    expect(drafts(site)).toEqual([]);
  });

  it.each<[Partial<ReleaseRequest>, RegExp]>([
    [{ architecture: "ppc64" }, /no runner for Linux on "ppc64".*x64, arm64/],
    [{ version: "latest" }, /"latest" is no version.*2\.336\.0/],
    [{ version: "../../2.1.0" }, /is no version/],
    [{ sha256: "abc" }, /64 hexadecimal digits/],
    [{ from: "runner.tgz" }, /does not tell version and architecture/],
    [{ architecture: null, from: "actions-runner-linux-arm-2.336.0.tar.gz" }, /on "arm"/],
    [{ from: "actions-runner-osx-x64-2.336.0.tar.gz" }, /GitHub's runner for osx/],
    [
      { from: "nowhere/actions-runner-linux-x64-2.336.0.tar.gz", unverified: true },
      /does not exist/,
    ],
  ])("is not asked for: %j", async (request, words) => {
    const site = await open();
    expect((await failure(site.install(request))).message).toMatch(words);
    expect(visible(site)).toEqual([]);
  });
});

describe("without GitHub", () => {
  it("says that it cannot be asked, and installs a file that the caller vouches for", async () => {
    const site = await open();
    const archive = await releaseLike();
    const from = join(temporaryDirectory(), FILE);
    writeFileSync(from, archive);
    site.github.faults.down = true;
    const online = await failure(site.install());
    expect(online.kind).toBe("retry");
    expect(online.message).toContain("GitHub does not say which release of its runner it wants");
    const refused = await failure(site.install({ from }));
    expect(refused.message).toMatch(
      /cannot be verified, GitHub could not be asked for its checksum/,
    );
    const wrong = await failure(site.install({ from, sha256: "0".repeat(64) }));
    expect(wrong.message).toContain(`was given ${"0".repeat(64)}`);
    const { release } = await site.install({ from, sha256: sha256(archive) });
    expect(release).toMatchObject({ current: true, freshAt: null, facts: { vouchedBy: "user" } });
  });

  it("refuses another archive for a release that is there", async () => {
    const site = await open();
    const from = join(temporaryDirectory(), FILE);
    writeFileSync(from, await releaseLike({ bytes: 10 }));
    await site.install({ from, unverified: true });
    site.publish("2.336.0", await releaseLike());
    const error = await failure(site.install());
    expect(error.message).toMatch(/2\.336\.0-x64 was installed from an archive with SHA-256/);
  });
});
