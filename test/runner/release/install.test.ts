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
import { download } from "../../../src/runner/release/download.ts";
import { ReleaseError } from "../../../src/runner/release/error.ts";
import type { ReleaseRequest } from "../../../src/runner/release/source.ts";
import { temporaryDirectory } from "../../helpers/directory.ts";
import { archiveOf, leastRelease, releaseLike, sha256, type Entry } from "./archives.ts";
import { Site } from "./site.ts";

async function open(): Promise<Site> {
  return Site.open(join(temporaryDirectory(), "runner"));
}

/** What stands where allocations look. */
function visible(site: Site): string[] {
  return readdirSync(site.shelf.directory).filter((each) => each !== ".drafts");
}

function drafts(site: Site): string[] {
  return readdirSync(site.shelf.drafts);
}

async function failure(work: Promise<unknown>): Promise<ReleaseError> {
  const error = await work.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (error instanceof ReleaseError) return error;
  throw new Error(`It was not refused as it should be: ${String(error)}`);
}

const FILE = "actions-runner-linux-x64-2.336.0.tar.gz";

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

describe("a download", () => {
  it("that is cut off goes on where it was, if the file is still the same", async () => {
    const site = await open();
    site.publish("2.336.0", await releaseLike());
    const { releases } = site.github;
    releases.fault(
      { kind: "cut", after: 100_000, when: site.arrived(100_000) },
      { kind: "cut", after: 50_000, when: site.arrived(150_000) },
    );
    await site.install();
    const [, second, third] = releases.calls;
    expect(releases.calls.map(({ status }) => status)).toEqual([200, 206, 206]);
    expect(second).toMatchObject({ range: "bytes=100000-", ifRange: expect.stringMatching(/^"/) });
    expect(third?.range).toBe("bytes=150000-");
  });

  it("that stalls is given up, and gone on with", async () => {
    const site = await open();
    site.publish("2.336.0", await releaseLike());
    const { releases } = site.github;
    releases.fault({ kind: "stall", after: 100_000 });
    const [offer] = await site.offers();
    const file = join(temporaryDirectory(), "archive");
    const quiet = { token: null, fetch, onProgress: () => undefined, pauseMs: 1, stallMs: 1_000 };
    const { signal } = new AbortController();
    await download(file, { url: offer?.url ?? "", signal, ...quiet });
    expect(releases.calls.length).toBeGreaterThan(1);
    // All of it is there, from a process that ended right then.
    await download(file, { url: offer?.url ?? "", signal, ...quiet });
    expect(releases.calls.at(-1)?.status).toBe(416);
    expect(sha256(readFileSync(file))).toBe(offer?.sha256);
  });

  it("of a file that has changed since begins again", async () => {
    const site = await open();
    const [first, second] = [
      await releaseLike({ bytes: 300_000 }),
      await releaseLike({ bytes: 301_000 }),
    ];
    site.publish("2.336.0", first);
    const { releases } = site.github;
    const cut = site.arrived(100_000).then(() => releases.replace("2.336.0", second));
    releases.fault({ kind: "cut", after: 100_000, when: cut });
    await site.install({ sha256: sha256(second) });
    expect(releases.calls.map(({ status }) => status)).toEqual([200, 200]);
  });

  it("begins again where the server knows no ranges", async () => {
    const site = await open();
    site.publish("2.336.0", await releaseLike());
    const { releases } = site.github;
    releases.acceptsRanges = false;
    releases.fault({ kind: "cut", after: 100_000 });
    await site.install();
    expect(releases.calls.map(({ status }) => status)).toEqual([200, 200]);
  });

  it("is gone on with by the next process, and not by one that runs beside it", async () => {
    const site = await open();
    site.publish("2.336.0", await releaseLike());
    const { releases } = site.github;
    const interrupted = new AbortController();
    releases.fault({ kind: "slow", pieces: 8, ms: 50 });
    const work = site.install(
      {},
      {
        signal: interrupted.signal,
        onProgress: ({ done }) => done > 100_000 && interrupted.abort(),
      },
    );
    await expect(work).rejects.toThrow("abort");
    expect(drafts(site)).toHaveLength(1);
    await site.install();
    expect(releases.calls.map(({ status }) => status)).toEqual([200, 206]);
    expect(drafts(site)).toEqual([]);
  });

  it("and its unpacking end when they are told to, and the archive is kept", async () => {
    const site = await open();
    site.publish("2.336.0", await releaseLike({ bytes: 4_000_000 }));
    const interrupted = new AbortController();
    const work = site.install(
      {},
      {
        signal: interrupted.signal,
        onProgress: ({ step }) => step === "unpack" && interrupted.abort(),
      },
    );
    await expect(work).rejects.toThrow("abort");
    expect(visible(site)).toEqual([]);
    await site.install();
    expect(site.github.releases.calls.map(({ status }) => status)).toEqual([200, 416]);
  });

  it("whose two parts are of different files is begun again, once", async () => {
    const site = await open();
    const archive = await releaseLike();
    site.publish("2.336.0", archive);
    const { releases } = site.github;
    releases.fault({ kind: "cut", after: 100_000, when: site.arrived(100_000) }, { kind: "wrong" });
    await site.install();
    expect(releases.calls.map(({ status }) => status)).toEqual([200, 206, 200]);
  });

  it.each([503, 429])("is tried again after %i", async (status) => {
    const site = await open();
    site.publish("2.336.0", await releaseLike());
    site.github.releases.fault({ kind: "answer", status });
    await site.install();
    expect(site.github.releases.calls).toHaveLength(2);
  });

  it.each([
    [
      404,
      /2\.336\.0\.tar\.gz cannot be downloaded, its server answered 404: .*runner\.mirror is right/,
    ],
    [403, /its server answered 403: .*set runner\.mirror/],
  ])("that is refused with %i is not, and says why", async (status, words) => {
    const site = await open();
    site.publish("2.336.0", await releaseLike());
    site.github.releases.fault({ kind: "answer", status });
    const error = await failure(site.install());
    expect(error.kind).toBe("mend");
    expect(error.message).toMatch(words);
    expect(visible(site)).toEqual([]);
  });

  it("shows GitHub's token to GitHub alone", async () => {
    const site = await open();
    const archive = await releaseLike();
    site.publish("2.336.0", archive);
    const offers = async () => {
      const found = await site.offers();
      return found.map((each) => ({ ...each, token: "a-short-lived-token" }));
    };
    await site.install({}, { offers });
    expect(site.github.releases.calls[0]?.authorization).toBe("Bearer a-short-lived-token");
    const other = await open();
    await other.install({}, { offers, mirror: `${site.web}/actions/runner/releases/download` });
    expect(site.github.releases.calls[1]?.authorization).toBeNull();
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
