import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { DEFAULT_NODE_SETTINGS } from "../../src/domain/node-settings.ts";
import { temporaryDirectory } from "../helpers/directory.ts";
import { Node } from "./node.ts";

/** In a mount namespace of its own: `mount`, then what follows. */
const NAMESPACE = ["unshare", process.getuid?.() === 0 ? "-m" : "-rm"];
const canMount =
  spawnSync("unshare", [...NAMESPACE.slice(1), "mount", "-t", "tmpfs", "none", "/mnt"]).status ===
  0;

/** With a filesystem of these options as its scratch. */
function withScratch(node: Node, options: string): readonly string[] {
  const mount = `mount -t tmpfs -o ${options} none "$0" && exec "$@"`;
  return [...NAMESPACE, "bash", "-c", mount, node.scratch];
}

async function expectEnd(node: Node, cause: string, reason: string | RegExp): Promise<void> {
  const end = await node.hears("ends");
  expect(end.cause).toBe(cause);
  expect(end.reason).toMatch(reason);
  expect(await node.ended()).toBe(0);
}

describe("a node that cannot run runners says so before one is made for it:", () => {
  it.each([
    [
      "a line that fails",
      ["true", "(exit 3)", "true"],
      /^line 2 of the pool's environment failed with 3 \(on /,
    ],
    [
      "a line that ends the script",
      ["exit 5"],
      "line 1 of the pool's environment ended the script with 5",
    ],
  ])("%s", async (_what, environment, reason) => {
    const node = new Node("exit 0");
    await node.start({ environment });
    const end = await node.hears("ends");
    expect(end).toMatchObject({ cause: "environment" });
    expect(end.reason).toMatch(reason);
    expect(await node.handoff.receive()).toEqual([]);
  });

  it("a scratch that cannot be made", async () => {
    const node = new Node("exit 0");
    await node.start({ scratch: "/proc/nowhere" });
    await expectEnd(
      node,
      "scratch",
      /^the directory \/proc\/nowhere\/hpc-runners-\d+ cannot be made: No such file/,
    );
  });

  it("a scratch that is somebody else's", async () => {
    const node = new Node("exit 0");
    const elsewhere = temporaryDirectory();
    symlinkSync(elsewhere, node.roots);
    await node.start();
    await expectEnd(node, "scratch", "is somebody else's");
  });

  it.skipIf(!canMount)("a scratch in which nothing can be run", async () => {
    const node = new Node("exit 0");
    await node.start({}, {}, withScratch(node, "noexec"));
    await expectEnd(node, "no-execute", "is mounted noexec: set directories.scratch to another");
  });

  it.skipIf(!canMount)("a scratch that may only be read", async () => {
    const node = new Node("exit 0");
    mkdirSync(node.roots);
    await node.start({}, {}, withScratch(node, "ro"));
    await expectEnd(node, "scratch", "cannot be made: Read-only file system");
  });

  it.skipIf(!canMount)("a scratch that is full", async () => {
    const node = new Node("exit 0");
    const release = node.writeRelease();
    writeFileSync(join(release, "bin/large.dll"), Buffer.alloc(1_000_000));
    await node.start({}, {}, withScratch(node, "size=512k"));
    await expectEnd(node, "disk-full", "No space left on device");
  });

  it("a release that is cut short, or cannot be run", async () => {
    const broken: readonly (readonly [string, (release: string) => void])[] = [
      ["there is no runner at", (release) => rmSync(release, { recursive: true })],
      ["it has no bin/Runner.Worker", (release) => rmSync(join(release, "bin/Runner.Worker"))],
      [
        "it has no externals/node24/bin/node",
        (release) => {
          const program = join(release, "externals/node24/bin/node");
          rmSync(program);
          writeFileSync(program, "");
        },
      ],
      [
        "no execute permission",
        (release) => chmodSync(join(release, "bin/Runner.Listener"), 0o444),
      ],
    ];
    for (const [reason, damage] of broken) {
      const node = new Node("exit 0");
      damage(node.writeRelease());
      await node.start({ runner: join(node.directory, "runner") });
      await expectEnd(node, "release", reason);
    }
  });

  it("missing tools", async () => {
    const node = new Node("exit 0");
    const bin = temporaryDirectory();
    for (const tool of [
      "mkdir",
      "mv",
      "rm",
      "cat",
      "sleep",
      "chmod",
      "cp",
      "ln",
      "mktemp",
      "tail",
      "readlink",
      "uname",
    ]) {
      symlinkSync(join("/usr/bin", tool), join(bin, tool));
    }
    const about = { node: { ...DEFAULT_NODE_SETTINGS, loginShell: false } };
    await node.start(about, { PATH: bin });
    await expectEnd(node, "tools", /^the node lacks what this script needs: du find grep \(on /);
  });

  it("authorities that cannot be read", async () => {
    const node = new Node("exit 0");
    const about = { ...DEFAULT_NODE_SETTINGS, certificates: "/nowhere/site.pem" };
    await node.start({ node: about });
    await expectEnd(node, "environment", "/nowhere/site.pem: No such file");
  });
});

describe("a node", () => {
  it.each([-3_600_000, 3_600_000])("whose clock is wrong by %i ms starts no runner", async (by) => {
    const node = new Node('touch "$out/started"');
    await node.start();
    await node.hears("asks");
    await node.deliverAt(1, new Date(Date.now() + by));
    const { exit } = await node.hears("reports");
    expect(exit).toMatchObject({ cause: "clock", code: 125 });
    expect(exit.reason).toMatch(/is off by -?36\d\d s, GitHub allows for 300|is off by -?359\d s/);
    await expectEnd(node, "clock", "GitHub allows for 300");
    expect(() => node.trace("started")).toThrow(/ENOENT/);
  });

  it("that lacks what jobs often want is told of, and used", async () => {
    const node = new Node("exit 0");
    const hide = 'type() { [[ $2 != git ]] && builtin type "$@"; }';
    await node.start({ environment: [hide] });
    expect((await node.hears("asks")).remark).toBe(
      "the node has no git: actions that need it will fail",
    );
    await node.release();
    await node.ended();
  });
});
