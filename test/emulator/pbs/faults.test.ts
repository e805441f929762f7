import { expect, it } from "vitest";
import { until } from "../../helpers/until.ts";
import { capture } from "../../pbs/captures.ts";
import { Site } from "./site.ts";

const SLEEP = "echo begun; sleep 300";
/** Milliseconds: long enough for a command to reach the server even on a busy machine. */
const PATIENCE = 4_000;

function answered(...jobIds: string[]): unknown {
  return { kind: "answered", jobIds };
}

it("a server that is down is never an answer about a job, and knows them all when it is back", async () => {
  const site = await Site.start();
  const { faults } = site.emulator;
  const id = await site.submit(SLEEP);
  const before = await site.until(id, "R");
  faults.down = true;
  const says = (command: string): string =>
    `Connection refused; ${command}: cannot connect to server vm (errno=15010)`;
  expect(await site.pbs.status([id])).toEqual({ kind: "retry", reason: says("qstat") });
  expect(await site.pbs.find("ghr-job1", null)).toEqual({ kind: "retry", reason: says("qselect") });
  // PBS's code for it is also that of an answer that was lost on the way.
  const outcome = await site.pbs.submit(site.submission("true"));
  expect(outcome).toEqual({ kind: "unknown", reason: says("qsub") });
  expect(await site.pbs.delete([id])).toEqual({
    kind: "unknown",
    reason: "Connection refused; Couldn't connect to cluster: vm",
  });
  for (const name of ["down-qsub", "down-qstat", "down-qselect", "down-qdel"]) {
    const { line, stdout, stderr } = capture(name);
    const printed = await site.run(line.replace("$ [as alice] ", ""));
    const plain = (text: string): string => text.replace(/"timestamp":\t\d+/, "");
    expect({ ...printed, stdout: plain(printed.stdout) }).toEqual({
      code: 0,
      stdout: plain(stdout),
      stderr,
    });
  }
  faults.down = false;
  expect(await site.look(id)).toEqual(before);
  expect(await site.pbs.find("ghr-job2", null)).toEqual(answered());
});

it("a server that hangs gives no answer in time, and does what it was asked when it goes on", async () => {
  const site = await Site.start();
  const { faults } = site.emulator;
  const impatient = site.driver({ qsub: PATIENCE, qstat: PATIENCE });
  faults.hang();
  const [submitted, told] = await Promise.all([
    impatient.submit(site.submission(SLEEP)),
    impatient.status(["0.vm"]),
  ]);
  const late = (command: string): unknown => ({
    kind: "unknown",
    reason: `${command} did not answer within 4 s`,
  });
  expect([submitted, told]).toEqual([late("qsub"), late("qstat")]);
  expect(site.emulator.jobs()).toEqual([]);
  faults.goOn();
  await until("the job is there", () => site.emulator.jobs().length === 1);
  expect(await site.pbs.find("ghr-job1", null)).toEqual(answered("0.vm"));
});

it("a slow server is answered all the same", async () => {
  const site = await Site.start();
  site.emulator.faults.slow = 400;
  const id = await site.submit("exit 4");
  expect(await site.until(id, "F")).toMatchObject({ exitStatus: 4 });
});

it.each(["die", "hang"] as const)(
  "a submission whose answer is lost (%s) is unknown, and is found by its name",
  async (how) => {
    const site = await Site.start();
    site.emulator.faults.loseAnswer("qsub", how);
    const outcome = await site.driver({ qsub: PATIENCE }).submit(site.submission(SLEEP));
    expect(outcome).toEqual({
      kind: "unknown",
      reason: how === "die" ? "qsub was killed (SIGKILL)" : "qsub did not answer within 4 s",
    });
    expect(await site.pbs.find("ghr-job1", null)).toEqual(answered("0.vm"));
    // Only the one answer was lost.
    expect(await site.submit("true")).toBe("1.vm");
  },
);

it("a deletion whose answer is lost can be asked for again", async () => {
  const site = await Site.start();
  const id = await site.submit(SLEEP);
  await site.until(id, "R");
  site.emulator.faults.loseAnswer("qdel", "die");
  expect(await site.pbs.delete([id])).toMatchObject({ kind: "unknown" });
  await site.until(id, "F");
  expect(await site.pbs.delete([id])).toEqual({ kind: "answered", refused: new Map() });
});

it("a job that is hidden is absent for as many calls as were asked for", async () => {
  const site = await Site.start();
  const [hidden, other] = [await site.submit(SLEEP), await site.submit(SLEEP)];
  await site.until(hidden, "R");
  site.emulator.faults.hide(hidden);
  expect(await site.look(hidden)).toBe("absent");
  expect(await site.look(hidden)).toMatchObject({ state: "R" });
  const both = async (): Promise<unknown> => {
    const outcome = await site.pbs.status([hidden, other]);
    const job = outcome.kind === "answered" ? outcome.jobs.get(hidden) : outcome;
    return typeof job === "object" && "state" in job ? job.state : job;
  };
  // Passed over in a listing of several, it is asked for by name once more.
  site.emulator.faults.hide(hidden, 1);
  expect(await both()).toBe("R");
  site.emulator.faults.hide(hidden, 2);
  expect(await both()).toBe("absent");
});

it("a qstat that is frozen shows jobs as they were", async () => {
  const site = await Site.start();
  const id = await site.submit(SLEEP);
  await site.until(id, "R");
  site.emulator.faults.freezeQstat(true);
  await site.pbs.delete([id]);
  const late = await site.submit("true");
  expect(await site.until(id, "F")).toMatchObject({ state: "R", exitStatus: null });
  expect(await site.look(late)).toBe("absent");
  site.emulator.faults.freezeQstat(false);
  expect(await site.look(id)).toMatchObject({ state: "F", exitStatus: 271 });
});

it("a job that is held waits until it is released, and can be deleted while it waits", async () => {
  const site = await Site.start({ ncpus: 1 });
  const { faults } = site.emulator;
  const first = await site.submit(SLEEP);
  await site.until(first, "R");
  const [second, third] = [await site.submit("true"), await site.submit("true")];
  for (const id of [second, third]) faults.hold(id);
  await site.pbs.delete([first]);
  await site.until(first, "F");
  expect(await site.look(second)).toMatchObject({ state: "H", substate: 20 });
  await site.pbs.delete([third]);
  expect(await site.look(third)).toMatchObject({ state: "F", substate: 91, exitStatus: null });
  faults.release(second);
  expect(await site.until(second, "F")).toMatchObject({ substate: 92, exitStatus: 0 });
});

it("somebody else's job is not ours to delete", async () => {
  const site = await Site.start();
  const id = await site.submit(SLEEP);
  await site.until(id, "R");
  site.emulator.faults.giveAway(id, "somebody");
  expect(await site.pbs.delete([id])).toEqual({
    kind: "answered",
    refused: new Map([[id, `qdel: Unauthorized Request ${id}`]]),
  });
  const printed = await site.run(`qdel ${id}`);
  const real = capture("sec-bob-qdel-alice-job");
  expect(printed).toEqual({
    code: real.code,
    stdout: "",
    stderr: real.stderr.replace("77.vm", id),
  });
  expect(await site.pbs.find("ghr-job1", null)).toEqual(answered());
});

it("a node that is lost ends its jobs, or lets them wait again if they may be run twice", async () => {
  const site = await Site.start();
  const { faults } = site.emulator;
  const once = await site.submit(SLEEP);
  const again = (await site.run("qsub sleep.sh")).stdout.trim();
  for (const id of [once, again]) await site.until(id, "R");
  const pid = site.emulator.jobs()[0]?.pid ?? 0;
  faults.loseNode();
  // As in the capture node-failure, line for line.
  const lost = await site.look(once);
  expect(lost).toMatchObject({ state: "F", substate: 93, exitStatus: -20 });
  expect(typeof lost === "object" && lost.comment).toMatch(/^Job run at .* on \(vm:ncpus=1\)$/);
  const waiting = "Not Running: Not enough free nodes available";
  expect(await site.look(again)).toMatchObject({
    state: "Q",
    substate: 10,
    exitStatus: null,
    comment: waiting,
  });
  expect((await site.run(`qstat -f ${again}`)).stdout).toContain("    Exit_status = -20\n");
  // Nobody is there to end its processes.
  expect(process.kill(pid, 0)).toBe(true);
  faults.returnNode();
  expect(await site.until(again, "R")).toMatchObject({ exitStatus: null });
  await until("what ran there is killed", () => !runs(pid));
});

function runs(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

it("what is listed, and what is said of what is not, is as with OpenPBS", async () => {
  const site = await Site.start();
  const ended = await site.submit("true");
  await site.until(ended, "F");
  const live = await site.submit("true", { select: "1:ncpus=64" });
  for (const name of ["qstat-finished-without-x", "qdel-finished", "qstat-mix-order2"]) {
    const { line, code, stdout, stderr } = capture(name);
    const here = (text: string): string =>
      text.replaceAll(/\b8[45]\.vm/g, ended).replaceAll(/\b81\.vm/g, live);
    const printed = await site.run(here(line.replace("$ [as alice] ", "")));
    expect({ name, ...printed }).toEqual({ name, code, stdout, stderr: here(stderr) });
  }
});
