import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { describe, expect, it } from "vitest";
import { programOf } from "../../src/emulator/program.ts";
import { temporaryDirectory } from "../helpers/directory.ts";
import { until } from "../helpers/until.ts";
import { startProxy } from "../network/proxy.ts";
import { releaseLike, sha256 } from "../runner/release/archives.ts";
import { Site } from "../runner/release/site.ts";

const FILE = "actions-runner-linux-x64-2.336.0.tar.gz";

/** A login node on which the real program is run as people run it. */
class Login {
  readonly home = temporaryDirectory();
  readonly runner = join(this.home, "runner");
  readonly variables: Record<string, string> = {
    PATH: process.env["PATH"] ?? "",
    HOME: this.home,
    XDG_STATE_HOME: join(this.home, "state"),
    HPC_RUNNERS_CONFIG: join(this.home, "hpc-runners.yml"),
  };

  constructor(settings: string[] = []) {
    const pools = ["pools: { a: { labels: [x], walltime: 1h } }"];
    const directories = [`directories: { runner: ${this.runner} }`];
    writeFileSync(
      join(this.home, "hpc-runners.yml"),
      [...pools, ...directories, ...settings].join("\n"),
    );
  }

  /** As the owner of an App of this GitHub. */
  knows({ github }: Site, host = github.host): void {
    Object.assign(this.variables, {
      APP_ID: String(github.appId),
      PRIVATE_KEY: github.privateKey,
      WEBHOOK_SECRET: "0123456789abcdef",
      GHE_HOST: host,
      GHE_PROTOCOL: "http",
    });
  }

  /** @param before a command that runs what follows it. */
  async run(words: readonly string[], before: readonly string[] = []) {
    const program = programOf(import.meta.url, "../../src/cli/main");
    const [command = "", ...rest] = [...before, ...program, "runner", ...words];
    const { exitCode, stdout, stderr } = await execa(command, rest, {
      cwd: this.home,
      env: this.variables,
      extendEnv: false,
      reject: false,
    });
    return { exitCode, stdout, stderr };
  }

  visible(): string[] {
    return readdirSync(this.runner).filter((each) => each !== ".drafts");
  }
}

async function site(): Promise<Site> {
  const found = await Site.open(join(temporaryDirectory(), "unused"));
  found.publish("2.336.0", await releaseLike());
  return found;
}

async function archive(login: Login, bytes?: Buffer): Promise<string> {
  const path = join(login.home, FILE);
  writeFileSync(path, bytes ?? (await releaseLike()));
  return path;
}

describe("hpc-runners runner", () => {
  it("installs, lists, and prunes", async () => {
    const login = new Login();
    const github = await site();
    login.knows(github);
    expect(await login.run(["list"])).toMatchObject({
      exitCode: 1,
      stderr: expect.stringMatching(/holds no release .*: run: hpc-runners runner install\.$/),
    });
    const first = await login.run(["install", "--arch", "x64"]);
    expect(first).toMatchObject({ exitCode: 0 });
    expect(first.stdout).toMatch(
      /runner 2\.336\.0-x64 is installed in .*verified by GitHub's checksum/,
    );
    expect(first.stderr.split("\n")).toEqual(["Downloading …", "Verifying …", "Unpacking …"]);
    const old = await releaseLike({ bytes: 1 });
    for (const version of ["2.334.0", "2.335.0"]) {
      github.github.releases.publish({ version, architecture: "x64", archive: old });
      const words = ["install", "--arch", "x64", "--version", version, "--sha256", sha256(old)];
      expect(await login.run(words)).toMatchObject({ exitCode: 0 });
    }
    const again = await login.run([
      "install",
      "--arch",
      "x64",
      "--version",
      "2.335.0",
      "--unverified",
    ]);
    expect(again.stdout).toContain("is there already");
    const list = await login.run(["list"]);
    const rows = list.stdout.split("\n").filter((line) => line.includes("2.33"));
    expect(rows).toHaveLength(3);
    expect(rows[0]).toMatch(/2\.336\.0 +│ x64 +│ +\d+ MB │ \d{4}-.*│ github +│ no +│ no/);
    expect(rows[1]).toMatch(/2\.335\.0 .*│ user +│ yes +│ no/);
    expect(await login.run(["prune"])).toMatchObject({
      exitCode: 0,
      stdout: "Removed 2.334.0-x64.",
    });
    expect((await login.run(["prune"])).stdout).toContain("Nothing to remove");
    expect(login.visible()).toEqual(["2.335.0-x64", "2.336.0-x64", "current-x64"]);
  });

  it("installs from a file, without an App and without a network", async () => {
    const login = new Login();
    const from = await archive(login);
    const refused = await login.run(["install", "--from", from]);
    expect(refused.exitCode).toBe(1);
    expect(refused.stderr).toMatch(
      /cannot be verified, GitHub could not be asked .*APP_ID is missing.*--sha256.*--unverified/,
    );
    const trusted = await login.run(["install", "--from", from, "--unverified"]);
    expect(trusted).toMatchObject({ exitCode: 0, stdout: expect.stringContaining("NOT verified") });
  });

  it("reaches GitHub and a mirror through the site's proxy", async () => {
    const github = await site();
    const port = new URL(github.web).port;
    const path = "actions/runner/releases/download";
    const login = new Login([`runner: { mirror: "http://mirror.test:${port}/${path}/" }`]);
    login.knows(github, `github.test:${port}`);
    const proxy = await startProxy();
    login.variables["http_proxy"] = proxy.url;
    expect(await login.run(["install", "--arch", "x64"])).toMatchObject({ exitCode: 0 });
    const orgs = `http://github.test:${port}/api/v3/orgs/hpc-sandbox/actions/runners/downloads`;
    expect(proxy.asked).toContain(`GET ${orgs}`);
    expect(proxy.asked.at(-1)).toBe(`GET http://mirror.test:${port}/${path}/v2.336.0/${FILE}`);
  });

  it("leaves one whole release when two install at once, on one filesystem", async () => {
    const login = new Login();
    const github = await site();
    login.knows(github);
    github.github.releases.fault(
      { kind: "slow", pieces: 4, ms: 100 },
      { kind: "slow", pieces: 4, ms: 100 },
    );
    const both = await Promise.all([1, 2].map(() => login.run(["install", "--arch", "x64"])));
    expect(both.map(({ exitCode }) => exitCode)).toEqual([0, 0]);
    expect(login.visible()).toEqual(["2.336.0-x64", "current-x64"]);
    expect(readdirSync(join(login.runner, ".drafts"))).toEqual([]);
  });

  it("killed in the middle of a download goes on with it, and leaves nothing", async () => {
    const login = new Login();
    const github = await site();
    login.knows(github);
    const { releases } = github.github;
    releases.fault({ kind: "stall", after: 100_000 });
    const drafts = join(login.runner, ".drafts");
    const started = login.run(
      ["install", "--arch", "x64"],
      ["bash", "-c", 'echo $$ >pid; exec "$@"', "bash"],
    );
    await until("a part is there", () => {
      const size = existsSync(drafts) ? execFileSync("du", ["-sb", drafts]).toString() : "0";
      return Number.parseInt(size, 10) > 50_000;
    });
    process.kill(Number(execFileSync("cat", [join(login.home, "pid")]).toString()), "SIGKILL");
    await started;
    expect(login.visible()).toEqual([]);
    expect(await login.run(["install", "--arch", "x64"])).toMatchObject({ exitCode: 0 });
    expect(releases.calls.map(({ status }) => status)).toEqual([200, 206]);
    expect(readdirSync(drafts)).toEqual([]);
  });

  it("says so when it is interrupted", async () => {
    const login = new Login();
    const github = await site();
    login.knows(github);
    github.github.releases.fault({ kind: "stall", after: 100_000 });
    const started = login.run(
      ["install", "--arch", "x64"],
      ["bash", "-c", 'echo $$ >pid; exec "$@"', "bash"],
    );
    await until("it downloads", () => github.github.releases.calls.length === 1);
    process.kill(Number(execFileSync("cat", [join(login.home, "pid")]).toString()), "SIGINT");
    expect(await started).toMatchObject({
      exitCode: 130,
      stderr: expect.stringContaining("Interrupted. What was downloaded is kept"),
    });
  });
});

/** Runs a command on a small filesystem of its own at `$1`, shows what is left there, and has its exit code. */
const MOUNTED =
  'd=$1 o=$2; shift 2; mount -t tmpfs -o "$o" tmpfs "$d" || exit 99; "$@"; c=$?; ls -R "$d"; exit $c';

function mounted(directory: string, options: string): readonly string[] {
  return [...NAMESPACE, "bash", "-c", MOUNTED, "bash", directory, options];
}

/** Root may mount; whoever is root in a user namespace may too, where the kernel lets them. */
const NAMESPACE = process.getuid?.() === 0 ? ["unshare", "-m"] : ["unshare", "-rm"];
const mayMount = ((): boolean => {
  try {
    const [command = "", ...words] = mounted("/mnt", "size=1m");
    execFileSync(command, [...words, "true"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
})();

describe("hpc-runners runner install on a filesystem", () => {
  it.skipIf(!mayMount)("that is full says so, and leaves nothing", async () => {
    const login = new Login();
    const github = await site();
    login.knows(github);
    mkdirSync(login.runner);
    // Room for the archive; none for what is in it.
    const options = `size=${Math.ceil((await releaseLike()).length / 1024) + 100}k`;
    const { exitCode, stdout, stderr } = await login.run(
      ["install", "--arch", "x64"],
      mounted(login.runner, options),
    );
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(
      /failed in .*runner.*, no space is left \(ENOSPC\): a release needs 1 GB; make room/,
    );
    expect(stdout).not.toContain("x64");
    const tiny = await login.run(["install", "--arch", "x64"], mounted(login.runner, "size=64k"));
    expect(tiny.stderr).toMatch(/^Installing GitHub's runner failed in .*\(ENOSPC\)/);
  });

  it("that allows no file so large says so", async () => {
    const login = new Login();
    const from = await archive(login);
    // Blocks of 1 kB.
    const { stderr, exitCode } = await login.run(
      ["install", "--from", from, "--unverified"],
      ["bash", "-c", 'ulimit -f 100; exec "$@"', "bash"],
    );
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/a file would be larger than allowed \(EFBIG\): raise the limit/);
    expect(login.visible()).toEqual([]);
    expect(readdirSync(join(login.runner, ".drafts"))).toEqual([]);
  });

  it.skipIf(!mayMount)("mounted noexec says so before anything is downloaded", async () => {
    const login = new Login();
    const github = await site();
    login.knows(github);
    mkdirSync(login.runner);
    const { exitCode, stderr } = await login.run(
      ["install", "--arch", "x64"],
      mounted(login.runner, "noexec"),
    );
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(
      /is on a filesystem mounted noexec, .*: set directories\.runner to a filesystem/,
    );
    expect(github.github.releases.calls).toEqual([]);
  });

  it.skipIf(!mayMount)("mounted read-only says so", async () => {
    const login = new Login();
    const from = await archive(login);
    mkdirSync(login.runner);
    const words = ["install", "--from", from, "--unverified"];
    const { stderr } = await login.run(words, mounted(login.runner, "ro"));
    expect(stderr).toMatch(/the filesystem is read-only \(EROFS\)/);
  });

  it("where it may not write says so", async () => {
    const login = new Login();
    const from = await archive(login);
    mkdirSync(login.runner, { mode: 0o555 });
    const unprivileged = process.getuid?.() === 0;
    if (unprivileged) for (const each of [login.home, from]) chmodSync(each, 0o755);
    const { exitCode, stderr } = await login.run(
      ["install", "--from", from, "--unverified"],
      unprivileged ? ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] : [],
    );
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/permission is denied \(EACCES\): see that this user may write there/);
  });
});
