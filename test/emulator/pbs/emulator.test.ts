import { expect, it } from "vitest";
import { explainExitStatus } from "../../../src/domain/pbs-job.ts";
import { until } from "../../helpers/until.ts";
import { capture } from "../../pbs/captures.ts";
import { ME, Site } from "./site.ts";

/** Runs until it is told to end, and says when it began. */
const SLEEP = "echo begun; sleep 300";
const RUN = /^Job run at \w{3} \w{3} [ \d]\d at \d\d:\d\d on \(vm:ncpus=\d\)/;

it("says of a job's own end, of qdel and of walltime what PBS says", async () => {
  const site = await Site.start({ ncpus: 8 });
  const trap = "trap 'echo got TERM; exit 12' TERM; echo begun; while :; do sleep 0.05; done";
  const ids = {
    finished: await site.submit("exit 0"),
    failed: await site.submit("exit 300"),
    killed: await site.submit("kill -KILL $$"),
    walltime: await site.submit(SLEEP, { walltimeSeconds: 1 }),
    deleted: await site.submit(trap),
    forced: await site.submit(trap),
  };
  for (const id of [ids.deleted, ids.forced]) {
    await until(`${id} has set its trap`, () => site.log(id).includes("begun"));
  }
  await site.pbs.delete([ids.deleted]);
  await site.pbs.delete([ids.forced], { force: true });
  const by = `and terminated by ${ME}@vm`;
  const rows: [string, number, number, string][] = [
    [ids.finished, 92, 0, "and finished"],
    [ids.failed, 93, 44, "and failed"],
    [ids.killed, 93, 137, "and failed"],
    [ids.walltime, 93, -29, "and exceeded resource walltime"],
    [ids.deleted, 91, 271, by],
    [ids.forced, 91, 265, by],
  ];
  for (const [id, substate, exitStatus, end] of rows) {
    const job = await site.until(id, "F");
    expect(job).toMatchObject({ substate, exitStatus });
    expect(job.comment).toMatch(RUN);
    expect(job.comment?.replace(RUN, "")).toBe(` ${end}`);
  }
  expect(site.log(ids.deleted)).toContain("got TERM");
  expect(explainExitStatus(-29)).toMatchObject({ reason: "it reached its walltime" });
});

it("gives no more CPUs than it has, lets smaller jobs pass, and says why a job waits", async () => {
  const site = await Site.start({ ncpus: 4 });
  const first = await site.submit(SLEEP, { select: "1:ncpus=3" });
  const second = await site.submit(SLEEP, { select: "1:ncpus=2" });
  const third = await site.submit(SLEEP);
  expect((await site.until(first, "R")).execHost).toBe("vm/0*3");
  await site.until(third, "R");
  expect(await site.look(second)).toMatchObject({
    state: "Q",
    comment: "Not Running: Not enough free nodes available",
    exitStatus: null,
  });
  await site.pbs.delete([first]);
  await site.until(second, "R");
});

it("keeps the order where it is told to, and every job waiting as long as it is told to", async () => {
  const strict = await Site.start({ ncpus: 2, strictOrdering: true });
  await strict.until(await strict.submit(SLEEP), "R");
  const large = await strict.submit(SLEEP, { select: "1:ncpus=2" });
  const small = await strict.submit(SLEEP);
  expect(await strict.look(large)).toMatchObject({ state: "Q" });
  expect(await strict.look(small)).toMatchObject({ state: "Q" });

  const busy = await Site.start({ queueWait: (ordinal) => (ordinal === 0 ? 5_000 : 0) });
  const late = await busy.submit("true");
  await busy.until(await busy.submit("true"), "F");
  await busy.until(late, "F");
  const [first, second] = busy.emulator.jobs();
  expect((first?.startedAt ?? 0) - (first?.createdAt ?? 0)).toBeGreaterThanOrEqual(4_990);
  expect(first?.startedAt).toBeGreaterThan(second?.startedAt ?? Infinity);
});

it("refuses and holds back what its queues and its hook say, in PBS's words", async () => {
  const site = await Site.start({
    queues: [
      { name: "workq" },
      { name: "short", maxWalltimeSeconds: 60 },
      { name: "one", maxQueued: 1, started: false },
    ],
    accountHook: (account) => (account === "CI0001" ? null : "no allocation: see the site's pages"),
  });
  const submit = (queue: string, account: string | null = "CI0001") =>
    site.pbs.submit(site.submission(SLEEP, { queue, account }));
  const limits = "qsub: Job violates queue and/or server resource limits";
  expect(await submit("short")).toEqual({ kind: "refused", code: 188, reason: limits });
  const hook = "qsub: no allocation: see the site's pages";
  expect(await submit("workq", null)).toEqual({ kind: "refused", code: 32, reason: hook });
  const stopped = await submit("one");
  const id = stopped.kind === "accepted" ? stopped.jobId : "";
  expect(await site.look(id)).toMatchObject({ comment: "Not Running: Queue not started." });
  const full = "qsub: would exceed queue generic's per-user limit";
  expect(await submit("one")).toEqual({ kind: "retry", reason: full });
});

it("runs an array's subjobs and tells them as PBS does", async () => {
  const site = await Site.start();
  const script = `printf '#!/bin/bash\\nexit $PBS_ARRAY_INDEX\\n' | qsub -J 0-2`;
  const { stdout } = await site.run(script);
  expect(stdout).toBe("0[].vm\n");
  await site.until("0[].vm", "F");
  const listing = await site.run("qstat -x -t -f -F json '0[].vm'");
  const { Jobs } = JSON.parse(listing.stdout) as { Jobs: Record<string, Record<string, unknown>> };
  const rows = Object.entries(Jobs).map(([id, job]) =>
    JSON.stringify([id, job["job_state"], job["substate"], job["Exit_status"], job["comment"]]),
  );
  const same = (text: string): string =>
    text.replaceAll(/ at \w{3} \w{3} .. at \d\d:\d\d/g, " at TIME").replaceAll(/"\d+\[/g, '"N[');
  const real = capture("qstat-json-array-exits-later").stdout.trim().split("\n");
  expect(rows.map(same)).toEqual(real.map(same));
  const outcome = await site.pbs.status(["0[].vm", "0[2].vm"]);
  expect(outcome).toMatchObject({
    jobs: new Map([
      ["0[].vm", expect.objectContaining({ state: "F", exitStatus: 1 })],
      ["0[2].vm", expect.objectContaining({ state: "F", exitStatus: 2 })],
    ]),
  });
});

it("keeps no history where it is told to: what has ended is absent, what lives is found", async () => {
  const site = await Site.start({ history: false });
  const live = await site.submit(SLEEP);
  const ended = await site.submit("true");
  await until("it has ended", () => site.emulator.jobs().every((job) => job.id !== ended));
  await site.until(live, "R");
  expect(await site.pbs.status([live, ended])).toMatchObject({
    jobs: new Map<string, unknown>([
      [live, expect.objectContaining({ state: "R" })],
      [ended, "absent"],
    ]),
  });
  const answered = (...jobIds: string[]) => ({ kind: "answered", jobIds });
  expect(await site.pbs.find("ghr-job1", null)).toEqual(answered(live));
  expect(await site.pbs.find("ghr-job2", null)).toEqual(answered());
  const { code, stderr } = await site.run(`qstat -x ${live}`);
  expect([code, stderr]).toEqual([
    0,
    `qstat: PBS is not configured to maintain job history ${live}\n`,
  ]);
});

it("is asked in its other form where its JSON cannot be read", async () => {
  const site = await Site.start();
  const id = await site.submit("exit 3");
  const ended = await site.until(id, "F");
  site.emulator.faults.brokenJson = true;
  const printed = await site.run(`qstat -E -x -f -F json ${id}`);
  expect(() => JSON.parse(printed.stdout) as unknown).toThrow(SyntaxError);
  expect(await site.look(id)).toEqual(ended);
});

it.each([
  ["qstat-json-running", "R", "echo begun; sleep 300"],
  ["qstat-json-finished-exit7", "F", "exit 7"],
])("prints a job's attributes as PBS does: %s", async (name, state, script) => {
  const site = await Site.start();
  const id = await site.submit(script);
  await site.until(id, state);
  const { stdout } = await site.run(`qstat -x -f -F json ${id}`);
  const shape = (text: string): string[] => {
    const { Jobs } = JSON.parse(text) as { Jobs: Record<string, object> };
    return Object.entries(Object.values(Jobs)[0] ?? {}).map(
      ([key, value]) => `${key}: ${typeof value}`,
    );
  };
  // What only one of the two jobs was submitted with, or lived long enough for.
  const particular = /^(depend|Account_Name|eligible_time|umask|Submit_arguments)/;
  expect(shape(stdout).filter((each) => !particular.test(each))).toEqual(
    shape(capture(name).stdout).filter((each) => !particular.test(each)),
  );
});
