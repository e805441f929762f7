import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { download } from "../../../src/runner/release/download.ts";
import { temporaryDirectory } from "../../helpers/directory.ts";
import { releaseLike, sha256 } from "./archives.ts";
import { open, visible, drafts, failure } from "./outcome.ts";

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
