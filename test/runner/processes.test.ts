import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { describe, expect, it, onTestFinished } from "vitest";
import { until } from "../helpers/until.ts";
import { Node } from "./node.ts";

function lives(pid: number): boolean {
  if (!existsSync(`/proc/${pid}/stat`)) return false;
  return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
}

/** Something that is left over on the node. */
function leave(owner: string): number {
  const child = spawn("sleep", ["600"], {
    env: { PATH: "/usr/bin:/bin", HPC_RUNNERS_OWNER: owner },
    stdio: "ignore",
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  return child.pid ?? 0;
}

describe("processes of a job", () => {
  it.each([
    ["in a session of their own", 'setsid sleep 600 & echo $! >"$out/child"'],
    [
      "that hide from GitHub's runner",
      'RUNNER_TRACKING_ID= setsid nohup sleep 600 & echo $! >"$out/child"',
    ],
    [
      "that have no environment, but work in the root",
      'mkdir work; cd work; env -i setsid sleep 600 & echo $! >"$out/child"',
    ],
  ])("%s are gone before the next job is asked for", async (_what, lines) => {
    const node = new Node(`echo 'Running job: x'; ${lines}; sleep 0.3; exit 100`);
    await node.start({ reuse: true });
    await node.hears("asks");
    await node.deliver(1);
    await node.hears("reports");
    expect(await node.hears("asks")).toMatchObject({ turn: 2 });
    expect(lives(Number(node.trace("child")))).toBe(false);
    await node.release();
    await node.ended();
  });

  it("that cannot be ended end the allocation, though it could be used again", async () => {
    const node = new Node("exit 100");
    // What survives KILL cannot be made at will.
    const survivor = "ghr_end_processes() { ghr_found=(1); return 1; }";
    await node.runs({ reuse: true, environment: [survivor] });
    const { cause, reason } = await node.hears("ends");
    expect(cause).toBe("survivors");
    expect(reason).toMatch(/^processes of its last job on \S+ cannot be ended: 1 \(.+\)$/);
    await node.ended();
  });

  it("of allocations that are no more are ended by the next on that node; others' are let be", async () => {
    const lost = leave("ghr-aaaaaaaa000:4194000:77");
    const own = readFileSync(`/proc/${process.pid}/stat`, "utf8");
    const started = own.slice(own.lastIndexOf(")") + 2).split(" ")[19];
    const kept = leave(`ghr-bbbbbbbb000:${process.pid}:${started}`);
    const node = new Node("exit 0");
    await node.start();
    await node.hears("asks");
    await until("it is gone", () => !lives(lost));
    expect(lives(kept)).toBe(true);
    await node.release();
    await node.ended();
  });
});
