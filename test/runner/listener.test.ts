import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { DEFAULT_NODE_SETTINGS, type NodeSettings } from "../../src/domain/node-settings.ts";
import { until } from "../helpers/until.ts";
import { Node } from "./node.ts";

const CONNECTED = "echo '2026-11-24 12:00:00Z: Listening for Jobs'";
const WORKING = `${CONNECTED}\necho '2026-11-24 12:00:01Z: Running job: build (gcc)'`;
/** Until it is told to end by one of these signals. */
const patient = (...signals: readonly string[]): string =>
  `trap 'touch "$out/told"; exit 0' ${signals.join(" ")}\ntouch "$out/started"\nwhile :; do sleep 0.1; done`;

function settings(some: Partial<NodeSettings>): { readonly node: NodeSettings } {
  return { node: { ...DEFAULT_NODE_SETTINGS, ...some } };
}

describe("a listener", () => {
  it("that never connects is ended, with what it said last", async () => {
    const node = new Node(`echo 'Runner connect error: no route to host.'; ${patient("INT")}`);
    const { exit } = await node.runs(settings({ connectSeconds: 1 }));
    expect(exit.cause).toBe("never-connected");
    expect(exit.reason).toBe(
      "it did not connect to GitHub in 1 s, and last said: Runner connect error: no route to host",
    );
    expect(await node.hears("ends")).toMatchObject({ cause: "never-connected" });
    await node.ended();
    expect(readdirSync(node.diagnostics)).toEqual(["ghr-abcdefgh000-1"]);
  });

  it("that gets no job is ended", async () => {
    const node = new Node(`${CONNECTED}\n${patient("INT")}`);
    const { exit } = await node.runs(settings({ idleSeconds: 1, connectSeconds: 1 }));
    expect(exit).toMatchObject({ cause: "idle", reason: "it was given no job in 1 s" });
    await node.ended();
    expect(existsSync(node.diagnostics)).toBe(false);
  });

  it("that has a job is not idle, whatever else it says", async () => {
    const node = new Node(
      `${WORKING}\necho 'x: Listening for Jobs'; echo 'registration has been deleted'; sleep 2.5; exit 102`,
    );
    const { exit } = await node.runs(settings({ idleSeconds: 1, connectSeconds: 1 }));
    expect(exit).toMatchObject({ cause: "exited", code: 102 });
    await node.ended();
    expect(existsSync(node.diagnostics)).toBe(false);
  });

  it("that GitHub finds too old says so, and what it wrote is kept, bounded", async () => {
    const node = new Node(`
      mkdir _diag
      for i in {1..20}; do echo "$i" >"_diag/Runner_$i.log"; done
      head -c 3000000 /dev/zero >_diag/Worker_20261124.log
      ln -s /etc/passwd _diag/Worker_link.log
      echo 'An error occurred: Runner version v2.300.0 is deprecated and cannot receive messages.'
      exit 7`);
    const { exit } = await node.runs();
    expect(exit).toMatchObject({ code: 7, cause: "deprecated" });
    expect(exit.reason).toContain("Runner version v2.300.0 is deprecated");
    expect(await node.hears("ends")).toMatchObject({ cause: "deprecated" });
    await node.ended();
    const kept = join(node.diagnostics, "ghr-abcdefgh000-1");
    const files = readdirSync(kept);
    expect(files).toHaveLength(10);
    expect(files).not.toContain("Worker_link.log");
    expect(statSync(join(kept, "Worker_20261124.log")).size).toBe(1_048_576);
    expect(readFileSync(join(kept, "about.txt"), "utf8")).toContain("cause: deprecated\n");
    expect(readFileSync(join(kept, "output.log"), "utf8")).toContain("v2.300.0");
  });

  it.each([
    [
      "before it has a job",
      'echo "Couldn\'t find a valid ICU package" >&2; exit 134',
      "failed",
      134,
    ],
    ["while it has one", `${WORKING}; kill -KILL $$`, "died", 137],
    [
      "because its registration is gone",
      "echo 'Failed to create a session. The runner registration has been deleted from the server, please re-configure.'; exit 1",
      "registration-gone",
      1,
    ],
  ])("that ends %s says why", async (_when, lines, cause, code) => {
    const node = new Node(lines);
    const { exit } = await node.runs();
    expect(exit).toMatchObject({ cause, code });
    if (cause === "failed") {
      expect(exit.reason).toBe(
        "its listener exited with 134, and last said: Couldn't find a valid ICU package",
      );
    }
    expect(await node.hears("ends")).toMatchObject({ cause });
    await node.ended();
    expect(existsSync(node.diagnostics)).toBe(true);
  });

  it("that updates itself is started again, and that is told", async () => {
    const node = new Node(`
      if [[ ! -e .updated ]]; then
        touch .updated
        { while kill -0 $$ 2>/dev/null; do sleep 0.1; done; touch update.finished; } &
        exit 4
      fi
      ${WORKING}
      printf '%s' "\${ACTIONS_RUNNER_INPUT_JITCONFIG-none}" >"$out/jit"
      exit 100`);
    const { exit, updated } = await node.runs();
    expect(exit).toMatchObject({ cause: "exited", code: 100 });
    expect(updated).toBe(true);
    expect(node.trace("jit")).toBe("none");
    await node.ended();
  });

  it("that heeds no signal is killed before PBS does it", async () => {
    const node = new Node(`trap '' INT TERM\n${WORKING}\nwhile :; do sleep 0.1; done`);
    const { exit } = await node.runs({ walltimeSeconds: 8 });
    expect(exit).toMatchObject({ cause: "walltime", code: 137 });
    expect(await node.ended()).toBe(0);
  });

  it("is told to end by PBS's TERM; that is said at once, in case PBS does not wait", async () => {
    const node = new Node(`
      trap '' TERM
      trap 'until [[ -e "$out/go" ]]; do sleep 0.1; done; exit 0' INT
      ${WORKING}; touch "$out/started"
      while :; do sleep 0.1; done`);
    await node.start();
    await node.hears("asks");
    await node.deliver(1);
    const traces = join(node.directory, "traces");
    await until("the runner starts", () => existsSync(join(traces, "started")));
    node.signalAll("SIGTERM");
    expect(await node.hears("ends")).toMatchObject({ cause: "terminated" });
    writeFileSync(join(traces, "go"), "");
    expect(await node.hears("reports")).toMatchObject({ exit: { cause: "terminated", code: 0 } });
    await node.ended();
  });

  it("ends a job whose log says why, though GitHub would not", async () => {
    const node = new Node(`
      echo 'Running job: build'
      { bash -c 'sleep 600'; } | cat >"$out/log" &
      ${patient("INT")}`);
    await node.runs({ walltimeSeconds: 8 });
    expect(node.trace("log")).toMatch(
      /^\n::error::This job's allocation \(PBS job 12\.vm\) ends: its step was stopped [12] s before the end of its walltime of 8 s\. Give the pool more walltime, or the job less to do\n/,
    );
    await node.ended();
  });

  it.each([
    [
      "fails, as most do",
      102,
      "walltime",
      /^its step was stopped [34] s before the end of its wall/,
    ],
    ["succeeds all the same", 100, "exited", /^exited$/],
  ])(
    "is not told to end before its job has saved its work: one that %s",
    async (_, code, cause, reason) => {
      const node = new Node(`
      cat >Runner.Worker <<'END'
#!/bin/bash
out=$1
# It ends itself in an orderly way, and says so in the log, which GitHub's runner reads.
bash -c 'trap "echo checkpoint; exit 3" INT; while :; do sleep 0.1; done' > >(trap "" INT; exec cat >"$out/log")
echo "$?" >"$out/step"
bash -c 'sleep 0.5; echo "what was computed" >"$0/artifact"' "$out"
END
      chmod +x Runner.Worker
      echo 'Running job: build'
      trap 'touch "$out/told"' INT
      ./Runner.Worker "$out"
      exit ${code}`);
      const { exit } = await node.runs({ walltimeSeconds: 16 });
      expect(exit).toMatchObject({ code, cause, reason: expect.stringMatching(reason) });
      expect(node.trace("step")).toBe("3\n");
      expect(node.trace("log")).toMatch(/^\n::error::This job's allocation .*\ncheckpoint\n$/s);
      expect(node.trace("artifact")).toBe("what was computed\n");
      expect(existsSync(join(node.directory, "traces/told"))).toBe(false);
      await node.ended();
    },
  );
});
