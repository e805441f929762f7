import { execFileSync, spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { Node } from "./node.ts";

const EPILOGUE = fileURLToPath(new URL("../../src/runner/epilogue.sh", import.meta.url));
const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();

/** When a process began, in ticks since the machine did. */
function startOf(pid: number): string {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "";
}

function leaveRoot(node: Node, name: string, owner: Readonly<Record<string, string | number>>) {
  const root = join(node.roots, `runner.${name}`);
  mkdirSync(join(root, "bin"), { recursive: true });
  const lines = Object.entries({ host: hostname(), boot, job: "7.vm", ...owner });
  writeFileSync(join(root, "owner"), lines.map((line) => `${line.join("=")}\n`).join(""));
}

describe("a runner's root", () => {
  it("has a bin of its own, and how it was made is reported", async () => {
    const node = new Node(
      `find . -printf '%y %p %l\\n' >"$out/tree"; stat -c %h bin/run.dll >"$out/links"`,
    );
    const release = node.writeRelease();
    writeFileSync(join(release, "bin/run.dll"), "x");
    const { exit } = await node.runs();
    expect(exit.root?.bytes).toBeGreaterThan(8_000);
    expect(exit.root?.milliseconds).toBeLessThan(10_000);
    // A file of its bin may be written to: no hard link then.
    expect(exit.root?.method).toMatch(/^(?:copy|reflink)$/);
    expect(node.trace("links")).toBe("1\n");
    expect(node.trace("tree")).toContain(`l ./externals ${release}/externals\n`);
    expect(node.trace("tree")).toContain("f ./run.sh \n");
    await node.ended();
    expect(readdirSync(node.roots)).toEqual([]);
  });

  it("shares the files of a release that may not be written to, where the filesystem can", async () => {
    const node = new Node("exit 0");
    const release = node.writeRelease();
    for (const name of readdirSync(join(release, "bin"))) {
      chmodSync(join(release, "bin", name), 0o555);
    }
    const { exit } = await node.runs({ runner: release });
    expect(exit.root?.method).toMatch(/^(?:hardlink|reflink)$/);
    await node.ended();
    const listener = join(release, "bin/Runner.Listener");
    expect(execFileSync("stat", ["-c", "%a %h", listener]).toString()).toBe("555 1\n");
  });

  it("is removed whatever the job did to it", async () => {
    const node = new Node(`mkdir -p _work/a/b; touch _work/a/b/c; chmod 000 _work/a/b _work/a`);
    await node.runs();
    await node.ended();
    expect(readdirSync(node.roots)).toEqual([]);
  });

  it("of an allocation that was killed is removed by the next on that node, and no other", async () => {
    const node = new Node("exit 0");
    const dead = Number(execFileSync("bash", ["-c", "echo $$"]).toString());
    const own = { pid: process.pid, started: startOf(process.pid) };
    leaveRoot(node, "dead", { pid: dead, started: 1 });
    leaveRoot(node, "pid-used-again", { ...own, started: 1 });
    leaveRoot(node, "before-the-boot", { ...own, boot: "another" });
    leaveRoot(node, "alive", own);
    leaveRoot(node, "of-another-node", { pid: dead, started: 1, host: "elsewhere" });
    mkdirSync(join(node.roots, "runner.just-being-made"));
    await node.start();
    await node.hears("asks");
    const [alive, made, other] = ["alive", "just-being-made", "of-another-node"];
    expect(
      readdirSync(node.roots)
        .toSorted()
        .filter((each) => !/\.\w{8}$/.test(each)),
    ).toEqual([alive, made, other].map((each) => `runner.${each}`));
    await node.release();
    await node.ended();
  });

  it("of a job can be removed by the site's epilogue, as that job's user", () => {
    const node = new Node("exit 0");
    leaveRoot(node, "one", { pid: 1, started: 1, job: "12.vm" });
    leaveRoot(node, "other", { pid: 1, started: 1, job: "12.vm2" });
    const { status } = spawnSync(EPILOGUE, ["12.vm", node.scratch]);
    const isRoot = process.getuid?.() === 0;
    expect(status).toBe(isRoot ? 2 : 0);
    expect(existsSync(join(node.roots, "runner.one"))).toBe(isRoot);
    expect(existsSync(join(node.roots, "runner.other"))).toBe(true);
  });
});
