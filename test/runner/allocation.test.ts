import { execFileSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DEFAULT_NODE_SETTINGS } from "../../src/domain/node-settings.ts";
import { composeAllocationScript } from "../../src/runner/allocation-script.ts";
import { temporaryDirectory } from "../helpers/directory.ts";
import { until } from "../helpers/until.ts";
import { Node } from "./node.ts";

/** Leaves what it was given, and what it finds, and succeeds. */
const CURIOUS = `
  printf '%s' "$ACTIONS_RUNNER_INPUT_JITCONFIG" >"$out/jit"
  cat /proc/*/cmdline 2>/dev/null | tr '\\0' '\\n' >"$out/all-arguments"
  tr '\\0' '\\n' <"/proc/$PPID/environ" >"$out/parent-environment"
  echo "$*" >"$out/arguments"
  pwd -P >"$out/root"
  find . -printf '%y %p %l\\n' | sort >"$out/tree"
  env >"$out/environment"
  touch .credentials
`;
/** Runs until it is told to end. */
const PATIENT = `
  trap 'echo INT >>"$out/signals"; exit 0' INT
  trap 'echo TERM >>"$out/signals"; exit 0' TERM
  touch "$out/started"
  while :; do sleep 0.1; done
`;

function started(node: Node): Promise<boolean> {
  return until("the runner starts", () => existsSync(join(node.directory, "traces/started")));
}

function roots(node: Node): string[] {
  return readdirSync(node.roots);
}

describe("an allocation", () => {
  it("asks, runs its runner in a root of its own, reports, and leaves nothing", async () => {
    const node = new Node(CURIOUS);
    await node.start();
    expect(await node.hears("asks")).toMatchObject({ turn: 1, pbsJobId: "12.vm" });
    await node.deliver(1);
    expect(await node.hears("reports")).toMatchObject({
      turn: 1,
      exit: { code: 0, cause: "exited", reason: "exited" },
      updated: false,
    });
    expect(await node.hears("ends")).toMatchObject({ cause: "served" });
    expect(await node.ended()).toBe(0);
    expect(node.trace("arguments")).toBe("run\n");
    const tree = node.trace("tree");
    expect(tree).toContain("d ./bin \n");
    expect(tree).toContain("f ./bin/Runner.Listener \n");
    expect(tree).toContain(`l ./externals ${node.directory}/runner/externals\n`);
    expect(node.trace("root")).toMatch(/\/scratch\/hpc-runners-\d+\/runner\.\w+\n$/);
    expect(roots(node)).toEqual([]);
  });

  it("keeps the configuration in the runner's environment alone", async () => {
    const node = new Node(CURIOUS);
    await node.start();
    await node.hears("asks");
    await node.deliver(1, "kR5-very-secret");
    await node.hears("ends");
    expect(node.trace("jit")).toBe("kR5-very-secret");
    expect(node.trace("all-arguments")).toContain("Runner.Listener");
    expect(node.trace("all-arguments")).not.toContain("kR5-very-secret");
    expect(node.trace("parent-environment")).not.toContain("kR5-very-secret");
    expect(node.output).not.toContain("kR5-very-secret");
    const [path = ""] = readdirSync(join(node.directory, "handoff")).filter(
      (each) => each !== "inbox",
    );
    expect(readdirSync(join(node.directory, "handoff", path))).toEqual(["begun"]);
  });

  it("tells how its runner ended, and kills what that left behind", async () => {
    const node = new Node(`sleep 600 & echo $! >"$out/child"; exit 102`);
    await node.start();
    await node.hears("asks");
    await node.deliver(1);
    expect(await node.hears("reports")).toMatchObject({
      exit: { code: 102, cause: "exited" },
    });
    await node.ended();
    const child = Number(node.trace("child"));
    await until("the child is gone", () => !existsSync(`/proc/${child}`));
  });

  it("asks for the next runner when it may, each in a root of its own", async () => {
    const node = new Node(`pwd >>"$out/roots"`);
    await node.start({ reuse: true });
    for (const turn of [1, 2]) {
      expect(await node.hears("asks")).toMatchObject({ turn });
      await node.deliver(turn);
      expect(await node.hears("reports")).toMatchObject({ turn });
    }
    expect(await node.hears("asks")).toMatchObject({ turn: 3 });
    await node.release();
    expect(await node.hears("ends")).toMatchObject({ cause: "released" });
    await node.ended();
    expect(new Set(node.trace("roots").trim().split("\n")).size).toBe(2);
  });

  it("takes its node's current release in each turn, and keeps it while the link is changed", async () => {
    const node = new Node("exit 99");
    const shelf = join(node.directory, "shelf");
    const link = join(shelf, `current-${process.arch}`);
    const waits = 'touch "$out/began"; while [ ! -e "$out/go" ]; do sleep 0.1; done';
    for (const version of ["1.0.0", "2.0.0"]) {
      const release = join(shelf, `${version}-${process.arch}`);
      for (const each of ["bin", "externals/node24/bin"]) {
        mkdirSync(join(release, each), { recursive: true });
      }
      for (const each of ["bin/Runner.Worker", "externals/node24/bin/node"]) {
        writeFileSync(join(release, each), "#!/bin/sh\n", { mode: 0o555 });
      }
      writeFileSync(join(release, ".release.json"), "{}");
      writeFileSync(join(release, "externals/version"), version);
      const script = `#!/bin/bash\nout='${node.directory}/traces'\n${waits}\ncat externals/version >>"$out/versions"\nls -A >"$out/entries"\n`;
      writeFileSync(join(release, "bin/Runner.Listener"), script, { mode: 0o755 });
    }
    symlinkSync(`1.0.0-${process.arch}`, link);
    mkdirSync(join(node.directory, "traces"));
    await node.start({ runner: shelf, reuse: true });
    await node.hears("asks");
    await node.deliver(1);
    await until("it runs", () => existsSync(join(node.directory, "traces/began")));
    symlinkSync(`2.0.0-${process.arch}`, `${link}.new`);
    renameSync(`${link}.new`, link);
    writeFileSync(join(node.directory, "traces/go"), "");
    await node.hears("reports");
    await node.hears("asks");
    await node.deliver(2);
    await node.hears("reports");
    await node.release();
    await node.ended();
    expect(node.trace("versions")).toBe("1.0.02.0.0");
    expect(node.trace("entries")).not.toContain(".release.json");
  });

  it("ends when it is released, or its handoff is gone, before it got a runner", async () => {
    const gone = new Node("exit 0");
    await gone.start();
    await gone.hears("asks");
    await gone.close();
    expect(await gone.ended()).toBe(0);
    expect(gone.output).toContain("ends (released)");
  });

  it("goes on while the shared filesystem is away", async () => {
    const node = new Node(PATIENT);
    await node.start();
    await node.hears("asks");
    await node.deliver(1);
    await started(node);
    const [there, away] = ["handoff", "away"].map((name) => join(node.directory, name));
    if (there === undefined || away === undefined) throw new Error("no paths");
    renameSync(there, away);
    // A signal is seen only after a look that found nothing.
    node.signal("SIGTERM");
    await until("it cannot speak", () => node.output.includes("cannot write to the handoff"));
    expect(node.output).not.toContain("released");
    renameSync(away, there);
    expect(await node.hears("ends")).toMatchObject({ cause: "terminated" });
    await node.ended();
  });

  it("stops its runner politely when it is released", async () => {
    const node = new Node(PATIENT);
    await node.start();
    await node.hears("asks");
    await node.deliver(1);
    await started(node);
    await node.release();
    expect(await node.hears("reports")).toMatchObject({
      exit: { code: 0, cause: "released" },
    });
    await node.hears("ends");
    expect(node.trace("signals")).toBe("INT\n");
    expect(roots(node)).toEqual([]);
  });

  it("passes PBS's TERM on, waits for the runner, and cleans up", async () => {
    const node = new Node(PATIENT);
    await node.start();
    await node.hears("asks");
    await node.deliver(1);
    await started(node);
    node.signal("SIGTERM");
    expect(await node.hears("reports")).toMatchObject({
      exit: { cause: "terminated" },
    });
    await node.ended();
    expect(roots(node)).toEqual([]);
  });

  it("ends at TERM while it waits", async () => {
    const node = new Node("exit 0");
    await node.start();
    await node.hears("asks");
    node.signal("SIGTERM");
    expect(await node.hears("ends")).toMatchObject({ cause: "terminated" });
    expect(await node.ended()).toBe(0);
  });

  it("stops its runner before PBS does, and says so", async () => {
    const node = new Node(PATIENT);
    // A quarter of it is the margin.
    await node.start({ walltimeSeconds: 8 });
    await node.hears("asks");
    await node.deliver(1);
    expect(await node.hears("reports")).toMatchObject({
      exit: {
        cause: "walltime",
        reason: expect.stringMatching(
          /^its (step|runner) was stopped [12] s before the end of its walltime of 8 s$/,
        ),
      },
    });
    expect(node.trace("signals")).toBe("INT\n");
  });

  it("of an array finds its own handoff, and its runner no brackets in its paths", async () => {
    const node = new Node(CURIOUS);
    const names = [0, 1, 2].map((index) => `ghr-abcdefgh001_${index}`);
    const handoffs = await Promise.all(names.map((name) => node.handoff.open(name)));
    const TMPDIR = join(node.directory, "pbs.12[1].vm");
    mkdirSync(TMPDIR);
    const member = { PBS_JOBID: "12[1].vm", PBS_ARRAY_INDEX: "1", TMPDIR };
    await node.start({ handoffs, scratch: null }, member);
    const asked = await node.hears("asks");
    expect(asked).toMatchObject({ allocation: names[1], pbsJobId: "12[1].vm" });
    await node.deliver(1, "for the second", names[1]);
    expect(await node.hears("ends")).toMatchObject({ allocation: names[1], cause: "served" });
    expect(node.trace("jit")).toBe("for the second");
    expect(node.trace("root")).toMatch(new RegExp(`^${node.directory}/hpc-runners-\\d+/runner`));
    expect(node.trace("environment")).not.toMatch(/^TMPDIR=.*[[\]]/m);
  });

  it("that is started a second time serves nobody, and says so", async () => {
    const node = new Node("exit 0");
    await node.start();
    await node.hears("asks");
    // As PBS does after it lost the node: the first start may still run.
    await node.start();
    expect(await node.hears("ends")).toMatchObject({ cause: "begun" });
    await node.ended();
    await node.release();
    await until("the first has ended too", () => node.output.includes("ends (released)"));
  });

  it("works in directories of any name", async () => {
    const odd = join(temporaryDirectory(), 'it\'s a $(touch owned) `dir` "x" ; *');
    mkdirSync(odd);
    const node = new Node("exit 0", odd);
    // The stand-in itself is not that careful.
    await node.start();
    await node.hears("asks");
    await node.release();
    await node.ended();
    expect(existsSync(join(odd, "owned"))).toBe(false);
  });
});

describe("the composed script", () => {
  it("takes any path for what it is", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", minLength: 1 }), (text) => {
        fc.pre(!text.includes("\0"));
        const script = composeAllocationScript({
          handoffs: ["/h/a.b"],
          seats: false,
          diagnostics: "/d",
          runner: text,
          scratch: null,
          walltimeSeconds: 60,
          environment: [],
          reuse: false,
          waitSeconds: null,
          node: { ...DEFAULT_NODE_SETTINGS, jobStarted: [text, "second"] },
        });
        const upTo = script.slice(0, script.indexOf("# The pool's lines"));
        const seen = execFileSync("bash", [
          "-c",
          `${upTo}\nprintf %s "$ghr_runner" "\${ghr_job_started[@]}"`,
        ]);
        expect(seen.toString()).toBe(`${text}${text}second`);
      }),
      { numRuns: 50 },
    );
  });
});
