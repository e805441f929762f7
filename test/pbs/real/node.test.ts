import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { DEFAULT_NODE_SETTINGS } from "../../../src/domain/node-settings.ts";
import type { AllocationScript } from "../../../src/runner/allocation-script.ts";
import { until } from "../../helpers/until.ts";
import { Node } from "../../runner/node.ts";
import { realPbs } from "./found.ts";

/** Where compute nodes see it too. */
function home(): string {
  const directory = mkdtempSync(join(homedir(), "hpc-runners-test-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

const WORKING = `echo 'x: Listening for Jobs'; echo 'x: Running job: build'; echo $$ >"$out/pid"; touch "$out/started"`;
/** The next allocation on the node. */
async function serveAnother(directory: string): Promise<void> {
  const next = new Node("exit 0", directory, "ghr-abcdefgh001");
  const job = new Submitted(next);
  await job.submit(600);
  await next.hears("asks");
  await next.deliver(1);
  await next.hears("reports");
  await job.over();
}

/** Ends a few seconds after INT, as GitHub's does when it has a step to end; PBS's own TERM does not hurt it. */
const SLOW = `trap '' TERM; trap 'sleep 3; echo INT >"$out/signal"; exit 0' INT; ${WORKING}; while :; do sleep 0.2; done`;
const DEAF = `trap '' TERM INT; ${WORKING}; while :; do sleep 0.2; done`;

/** An allocation as PBS runs it. */
class Submitted {
  readonly node: Node;
  id = "";

  constructor(node: Node) {
    this.node = node;
  }

  async submit(walltime: number, about: Partial<AllocationScript> = {}): Promise<void> {
    const path = await this.node.compose({ walltimeSeconds: walltime, ...about });
    const words = ["-C", "", "-r", "n", "-N", "ghr-test", "-j", "oe", "-k", "oed"];
    const place = ["-o", `${this.node.directory}/`, "-l", `select=1:ncpus=1,walltime=${walltime}`];
    const input = readFileSync(path);
    this.id = execFileSync("qsub", [...words, ...place], { input })
      .toString()
      .trim();
    onTestFinished(() => {
      if (this.state() !== "F") execFileSync("qdel", ["-W", "force", this.id]);
    });
  }

  async run(walltime: number, about: Partial<AllocationScript> = {}): Promise<void> {
    await this.submit(walltime, about);
    await this.node.hears("asks");
    await this.node.deliver(1);
    const started = join(this.node.directory, "traces/started");
    await until("the runner starts", () => existsSync(started));
  }

  status(): string {
    return execFileSync("qstat", ["-x", "-f", "-F", "dsv", this.id]).toString();
  }

  state(): string {
    return /job_state=(\w)/.exec(this.status())?.[1] ?? "";
  }

  /** @returns its Exit_status. */
  async over(): Promise<number> {
    await until("PBS says that it is over", () => this.state() === "F");
    return Number(/Exit_status=(-?\d+)/.exec(this.status())?.[1]);
  }
}

const suite = "qsub" in realPbs ? describe : describe.skip;
suite("an allocation on the PBS of this machine", { timeout: 180_000 }, () => {
  it("has its login shell, and counts its walltime from where PBS does", async () => {
    const node = new Node(`env >"$out/environment"`, home());
    const job = new Submitted(node);
    await job.submit(600, {
      environment: ["export BEFORE=$ghr_before SHELL_IS=$(shopt login_shell)"],
    });
    await node.hears("asks");
    await node.deliver(1);
    expect((await node.hears("reports")).exit).toMatchObject({ cause: "exited", code: 0 });
    expect(await job.over()).toBe(0);
    expect(node.trace("environment")).toMatch(/^BEFORE=\d$/m);
    expect(node.trace("environment")).toMatch(/^SHELL_IS=login_shell\s+on$/m);
    expect(node.trace("environment")).toMatch(/^PBS_ENVIRONMENT=PBS_BATCH$/m);
  });

  it("that is deleted says so at once, ends its runner in the grace that PBS gives, and leaves nothing", async () => {
    const node = new Node(SLOW, home());
    const job = new Submitted(node);
    await job.run(600);
    execFileSync("qdel", [job.id]);
    expect(await node.hears("ends")).toMatchObject({ cause: "terminated" });
    expect((await node.hears("reports")).exit).toMatchObject({ cause: "terminated", code: 0 });
    expect(node.trace("signal")).toBe("INT\n");
    // PBS's login shell dies of TERM, whatever its script does.
    expect(await job.over()).toBe(271);
    expect(readdirSync(node.roots)).toEqual([]);
  });

  it("whose runner heeds nothing is killed; it has said why, and the next one cleans up", async () => {
    const directory = home();
    const node = new Node(DEAF, directory);
    const job = new Submitted(node);
    await job.run(600);
    execFileSync("qdel", [job.id]);
    expect(await node.hears("ends")).toMatchObject({ cause: "terminated" });
    expect(await job.over()).toBe(271);
    // PBS says so first, and kills then.
    await until("it is killed", () => !existsSync(`/proc/${node.trace("pid").trim()}`));
    expect(readdirSync(node.roots)).toHaveLength(1);
    await serveAnother(directory);
    expect(readdirSync(node.roots)).toEqual([]);
  });

  it("that is deleted by force says nothing, and the next one finds whatever is left", async () => {
    const directory = home();
    const node = new Node(DEAF, directory);
    const job = new Submitted(node);
    await job.run(600);
    execFileSync("qdel", ["-W", "force", job.id]);
    await job.over();
    await serveAnother(directory);
    expect(readdirSync(node.roots)).toEqual([]);
    expect(existsSync(`/proc/${node.trace("pid").trim()}`)).toBe(false);
  });

  it("stops its runner before its walltime is over, with time to end well", async () => {
    const node = new Node(SLOW, home());
    const job = new Submitted(node);
    await job.run(60, { node: { ...DEFAULT_NODE_SETTINGS, marginSeconds: 15 } });
    expect((await node.hears("reports")).exit).toMatchObject({
      cause: "walltime",
      code: 0,
      reason: expect.stringMatching(
        /^its runner was stopped \d s before the end of its walltime of 60 s$/,
      ),
    });
    expect(await node.hears("ends")).toMatchObject({ cause: "walltime" });
    expect(await job.over()).toBe(0);
    expect(readdirSync(node.roots)).toEqual([]);
  });
});
