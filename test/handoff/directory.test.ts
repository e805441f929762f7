import { execFileSync } from "node:child_process";
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { basename, join } from "node:path";
import fc from "fast-check";
import { pino } from "pino";
import { beforeEach, describe, expect, it } from "vitest";
import { createHandoff, type DirectoryHandoff } from "../../src/handoff/directory.ts";
import { loadHandoffKey } from "../../src/handoff/key.ts";
import { parseMessage } from "../../src/handoff/message.ts";
import { StoreError } from "../../src/store/errors.ts";
import { temporaryDirectory } from "../helpers/directory.ts";

const NAME = "ghr-abcdefgh000";
const KEY = Buffer.alloc(32, 7);

let directory: string;
let warnings: { readonly file: string }[];
let handoff: DirectoryHandoff;

function create(key = KEY): DirectoryHandoff {
  const log = pino({}, { write: (line: string) => void warnings.push(JSON.parse(line)) });
  return createHandoff({ directory, key, log });
}

beforeEach(() => {
  directory = join(temporaryDirectory(), "handoff");
  warnings = [];
  handoff = create();
});

function mode(path: string): string {
  return (statSync(path).mode & 0o777).toString(8);
}

/** As the script on the node writes. */
function say(file: string, ...lines: string[]): void {
  writeFileSync(join(directory, "inbox", file), `${lines.join("\n")}\n`);
}

describe("the handoff's directory", () => {
  it("is for its user alone, and its paths cannot be guessed", async () => {
    const path = await handoff.open(NAME);
    await handoff.deliver(NAME, 1, "secret");
    expect(path).toMatch(/\/ghr-abcdefgh000\.[0-9a-f]{32}$/);
    expect([directory, join(directory, "inbox"), path].map(mode)).toEqual(["700", "700", "700"]);
    expect(mode(join(path, "turn-1.jit"))).toBe("600");
    expect(await create().open(NAME)).toBe(path);
    expect(await create(Buffer.alloc(32, 8)).open(NAME)).not.toBe(path);
  });

  it("shows what is delivered whole or not at all, also when done again", async () => {
    const path = await handoff.open(NAME);
    writeFileSync(join(path, "turn-1.jit.draft"), "left by a crash");
    await handoff.deliver(NAME, 1, "first");
    await handoff.deliver(NAME, 1, "second");
    await handoff.release(NAME);
    expect(readdirSync(path).toSorted()).toEqual(["release", "turn-1.jit"]);
    expect(readFileSync(join(path, "turn-1.jit"), "utf8")).toMatch(/^second\n\d+\n$/);
  });

  it("hands messages out until they are acknowledged", async () => {
    const mark = (await handoff.open(NAME)).split("/").at(-1);
    say(`${mark}.asks-1`, "kind=asks", "turn=1", "host=node1", "pbs_job_id=12.vm");
    say(`.${mark}.ends`, "kind=ends", "reason=being written");
    const about = { allocation: NAME, turn: 1 };
    const wanted = [{ ...about, kind: "asks", host: "node1", remark: null, pbsJobId: "12.vm" }];
    const received = await handoff.receive();
    expect(received.map(({ message }) => message)).toEqual(wanted);
    expect(await handoff.receive()).toEqual(received);
    await handoff.acknowledge(received);
    expect(await handoff.receive()).toEqual([]);
  });

  it("leaves what is foreign where it is, never waits for it, and reports each once", async () => {
    const inbox = join(directory, "inbox");
    const mark = (await handoff.open(NAME)).split("/").at(-1) ?? "";
    say("README", "hello");
    say(`${NAME}.00000000000000000000000000000000.asks-1`, "kind=asks", "turn=1", "host=x");
    say(`${mark}.asks-1`, "kind=asks", "turn=99999999999", "host=x");
    say(`${mark}.huge`, "kind=ends", `reason=${"x".repeat(10_000)}`);
    mkdirSync(join(inbox, `${mark}.directory`));
    symlinkSync("/etc/passwd", join(inbox, `${mark}.link`));
    execFileSync("mkfifo", [join(inbox, `${mark}.fifo`)]);
    writeFileSync(join(inbox, `${mark}.binary`), Buffer.from([0, 255, 254, 10, 61]));
    const before = readdirSync(inbox).toSorted();
    expect(await handoff.receive()).toEqual([]);
    expect(await handoff.receive()).toEqual([]);
    expect(readdirSync(inbox).toSorted()).toEqual(before);
    expect(warnings.map(({ file }) => file).toSorted()).toEqual(before);
  });

  it("hears its allocations among any number of foreign files, and tells of those only so often", async () => {
    const inbox = join(directory, "inbox");
    const mark = (await handoff.open(NAME)).split("/").at(-1) ?? "";
    // All of them sort before the message; half look like one.
    for (let index = 0; index < 3_000; index++) {
      const name = index % 2 === 0 ? `a-${index}` : `ghr-a${index}.${"0".repeat(32)}.asks-1`;
      writeFileSync(join(inbox, name), "kind=asks");
    }
    say(`${mark}.ends`, "kind=ends", "cause=served", "reason=over");
    expect((await handoff.receive()).map(({ message }) => message.kind)).toEqual(["ends"]);
    expect(await handoff.receive()).toHaveLength(1);
    expect(warnings.length).toBeLessThan(1_100);
    expect(readdirSync(inbox)).toHaveLength(3_001);
  });

  it("knows its own directories by their names, whatever else is there", async () => {
    await handoff.open(NAME);
    await handoff.open("ghr-abcdefgh001");
    const foreign = ["README", "ghr-abcdefgh002", `ghr-abcdefgh003.${"0".repeat(32)}`, ".hidden"];
    for (const name of foreign) mkdirSync(join(directory, name));
    const [own = ""] = readdirSync(directory).filter((name) => name.startsWith(`${NAME}.`));
    writeFileSync(join(directory, `${own}.draft`), "no directory, though its name begins well");
    const known = [NAME, "ghr-abcdefgh001"];
    expect((await handoff.list()).toSorted()).toEqual(known);
    expect((await handoff.list()).toSorted()).toEqual(known);
    expect(await create(Buffer.alloc(32, 8)).list()).toEqual([]);
    const told = warnings.slice(0, foreign.length + 1).map(({ file }) => file);
    expect(told.toSorted()).toEqual([...foreign, `${own}.draft`].toSorted());
  });

  it("removes all that is an allocation's, and nothing else", async () => {
    const mark = (await handoff.open(NAME)).split("/").at(-1) ?? "";
    const other = await handoff.open("ghr-abcdefgh001");
    await handoff.deliver(NAME, 1, "secret");
    say(`${mark}.ends`, "kind=ends", "reason=over");
    say(`.${mark}.asks-1`, "half");
    say("README", "hello");
    await handoff.close(NAME);
    await handoff.close(NAME);
    expect(readdirSync(directory).toSorted()).toEqual([basename(other), "inbox"].toSorted());
    expect(readdirSync(join(directory, "inbox"))).toEqual(["README"]);
  });

  it("wakes whoever watches when a message of this host comes", async () => {
    const mark = (await handoff.open(NAME)).split("/").at(-1);
    await new Promise<void>((resolve) => {
      const unwatch = handoff.watch(() => {
        unwatch();
        resolve();
      });
      say(`${mark}.ends`, "kind=ends", "reason=over");
    });
    expect(await handoff.receive()).toHaveLength(1);
  });
});

describe("a message", () => {
  it("of a script of before the cause was told is read, and one of a later script too", () => {
    const about = { allocation: NAME, pbsJobId: "12.vm" };
    const old = "kind=reports\nturn=2\nexit_code=7\nreason=exited\npbs_job_id=12.vm\n";
    const exit = {
      code: 7,
      cause: "unknown",
      reason: "exited",
      root: null,
      startMilliseconds: null,
    };
    expect(parseMessage(NAME, old)).toEqual({
      ...about,
      kind: "reports",
      turn: 2,
      exit,
      updated: false,
    });
    const later = "kind=ends\ncause=eaten\nmood=low\nreason=by a bear\npbs_job_id=12.vm\n";
    expect(parseMessage(NAME, later)).toEqual({
      ...about,
      kind: "ends",
      cause: "unknown",
      reason: "by a bear",
    });
  });

  it("is read, or is none; whatever a file holds, nothing is thrown and nothing can be printed that is not text", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.string(), (text, value) => {
        expect(parseMessage(NAME, text)).toBeNull();
        const message = parseMessage(NAME, `kind=ends\nreason=${value.replaceAll("\n", "")}`);
        expect(message?.kind === "ends" && message.reason).not.toMatch(/\p{Cc}/u);
      }),
    );
  });
});

describe("the key", () => {
  it("is made once, for its user alone", () => {
    const state = temporaryDirectory();
    const key = loadHandoffKey(state);
    expect(key).toHaveLength(32);
    expect(loadHandoffKey(state)).toEqual(key);
    expect(mode(join(state, "handoff.key"))).toBe("600");
    expect(readdirSync(state)).toEqual(["handoff.key"]);
  });

  it("that is none is said to be none, and kept", () => {
    const state = temporaryDirectory();
    writeFileSync(join(state, "handoff.key"), "short");
    expect(() => loadHandoffKey(state)).toThrow(StoreError);
    expect(readFileSync(join(state, "handoff.key"), "utf8")).toBe("short");
  });
});
