import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { PbsJob } from "../../src/domain/pbs-job.ts";
import { createPbs } from "../../src/pbs/driver.ts";
import type { Pbs, Submission } from "../../src/pbs/pbs.ts";
import { until } from "../helpers/until.ts";
import { submissionWith } from "../helpers/submission.ts";

export interface OpenPbs {
  /** `null`: on PATH. */
  readonly binDirectory: string | null;
  /** Where compute nodes see what is written. */
  readonly shared: "home" | "tmp";
  close(): Promise<void>;
}

const log = pino({ level: "silent" });

/** What the driver promises, whatever PBS it speaks to. */
export function describePbs(name: string, open: () => Promise<OpenPbs>): void {
  describe(`the driver on ${name}`, () => {
    let opened: OpenPbs;
    let pbs: Pbs;
    let directory: string;
    let serial = 0;
    const submitted: string[] = [];

    beforeEach(async () => {
      opened = await open();
      pbs = createPbs({ binDirectory: opened.binDirectory, log });
      directory = mkdtempSync(join(opened.shared === "home" ? homedir() : tmpdir(), "hpc-pbs-"));
    });

    afterEach(async () => {
      await pbs.delete(submitted.splice(0), { force: true });
      await opened.close();
      rmSync(directory, { recursive: true, force: true });
    });

    function submission(script: string, more: Partial<Submission> = {}): Submission {
      serial += 1;
      return submissionWith({
        name: `ghr-${Date.now().toString(36).slice(-7)}${String(serial).padStart(3, "0")}`,
        logDirectory: directory,
        script: `#!/bin/bash\n${script}\n`,
        ...more,
      });
    }

    async function submit(about: Submission): Promise<string> {
      const outcome = await pbs.submit(about);
      if (outcome.kind !== "accepted") throw new Error(`not accepted: ${outcome.reason}`);
      submitted.push(outcome.jobId);
      return outcome.jobId;
    }

    async function look(id: string): Promise<PbsJob | "absent"> {
      const outcome = await pbs.status([id]);
      const job = outcome.kind === "answered" ? outcome.jobs.get(id) : undefined;
      if (job === undefined) throw new Error(`PBS did not say: ${JSON.stringify(outcome)}`);
      return job;
    }

    function untilState(id: string, states: string): Promise<PbsJob> {
      return until(`${id} is in ${states}`, async () => {
        const job = await look(id);
        return job !== "absent" && states.includes(job.state) && job;
      });
    }

    it("submits, follows a job to its end, and reads how it ended", async () => {
      const about = submission("exit 7");
      const id = await submit(about);
      const job = await untilState(id, "F");
      expect(job).toMatchObject({ id, name: about.name, exitStatus: 7 });
      expect(job.execHost).not.toBeNull();
      expect(job.startedAt).not.toBeNull();
      expect(await pbs.find(about.name, null)).toEqual({ kind: "answered", jobIds: [id] });
    });

    it("writes the job's output while it runs, and hands on nothing of our environment", async () => {
      process.env["HPC_RUNNERS_TEST_SECRET"] = "not for jobs";
      const id = await submit(submission("echo begun; env; sleep 60"));
      const path = join(directory, `${id}.OU`);
      await until("its output is there", () => {
        try {
          return readFileSync(path, "utf8").includes("PBS_JOBID=");
        } catch {
          return false;
        }
      });
      delete process.env["HPC_RUNNERS_TEST_SECRET"];
      expect(readFileSync(path, "utf8")).not.toContain("HPC_RUNNERS_TEST_SECRET");
      await pbs.delete([id]);
      const job = await untilState(id, "F");
      expect(job.exitStatus).toBe(271);
    });

    it("deletes what waits, and says nothing against deleting it twice or what never was", async () => {
      const id = await submit(submission("true", { select: "1:ncpus=4000" }));
      const waiting = await until("the scheduler has seen it", async () => {
        const job = await look(id);
        return job !== "absent" && job.comment !== null && job;
      });
      expect(waiting).toMatchObject({ state: "Q", exitStatus: null });
      expect(waiting.comment).toMatch(/^Can Never Run/);
      const unknown = id.replace(/^\d+/, "99999999");
      for (let times = 0; times < 2; times++) {
        expect(await pbs.delete([id, unknown])).toEqual({ kind: "answered", refused: new Map() });
      }
      await untilState(id, "F");
      const outcome = await pbs.status([id, unknown]);
      expect(outcome.kind === "answered" && outcome.jobs.get(unknown)).toBe("absent");
    });

    it("submits many as one array, follows each to its own end, and finds them by the array's name", async () => {
      const about = submission("echo member; exit $PBS_ARRAY_INDEX", { members: 3 });
      const array = await submit(about);
      expect(array).toMatch(/^\d+\[\]\./);
      const plain = await submit(submission("exit 5"));
      const ids = [0, 1, 2].map((index) => array.replace("[]", `[${index}]`));
      for (const [index, id] of ids.entries()) {
        const job = await untilState(id, "XF");
        expect(job).toMatchObject({ id, name: about.name, exitStatus: index, runs: 1 });
        expect(readFileSync(join(directory, `${id}.OU`), "utf8")).toBe("member\n");
      }
      await untilState(plain, "F");
      const outcome = await pbs.status([plain, ...ids]);
      const ends = [...(outcome.kind === "answered" ? outcome.jobs : [])].map(
        ([id, job]) => job !== "absent" && [id, job.exitStatus],
      );
      expect(ends.toSorted()).toEqual(
        [[plain, 5], ...ids.map((id, index) => [id, index])].toSorted(),
      );
      expect(await pbs.find(about.name, null)).toEqual({ kind: "answered", jobIds: [array] });
    });

    it("deletes members of an array one by one and together, also with those that have ended", async () => {
      const script = '[ "$PBS_ARRAY_INDEX" = 0 ] && exit 3; sleep 300';
      const array = await submit(submission(script, { members: 5 }));
      const member = (index: number): string => array.replace("[]", `[${index}]`);
      const gone = { kind: "answered", refused: new Map() };
      await untilState(member(0), "X");
      for (const index of [1, 2, 3, 4]) await untilState(member(index), "R");
      expect(await pbs.delete([member(3)])).toEqual(gone);
      expect(await untilState(member(3), "X")).toMatchObject({ exitStatus: 271 });
      expect((await look(member(4))) !== "absent" && (await look(member(4)))).toMatchObject({
        state: "R",
      });
      expect(await pbs.delete([member(3)])).toEqual(gone);
      // A range over what has ended; then the last, after which the array itself is over.
      expect(await pbs.delete([0, 1, 2].map(member))).toEqual(gone);
      for (const index of [1, 2]) await untilState(member(index), "X");
      expect(await pbs.delete([0, 1, 2, 3, 4].map(member))).toEqual(gone);
      for (const index of [0, 1, 2, 3, 4]) await untilState(member(index), "F");
      expect(await pbs.delete([0, 1, 2, 3, 4].map(member))).toEqual(gone);
      expect(await pbs.find("ghr-neverused00", null)).toEqual({ kind: "answered", jobIds: [] });
    });

    it("deletes members of an array that wait, and no others", async () => {
      const array = await submit(
        submission("true", { members: 4, select: "1:ncpus=4000", walltimeSeconds: 60 }),
      );
      const member = (index: number): string => array.replace("[]", `[${index}]`);
      expect(await pbs.delete([member(2), member(3)])).toMatchObject({ kind: "answered" });
      const states = [];
      for (const index of [0, 1, 2, 3]) {
        const job = await look(member(index));
        states.push(job !== "absent" && [job.state, job.exitStatus]);
      }
      expect(states).toEqual([
        ["Q", null],
        ["Q", null],
        ["X", null],
        ["X", null],
      ]);
    });

    it("says of an array that is too large that there may be smaller ones", async () => {
      const outcome = await pbs.submit(submission("true", { members: 20_001 }));
      expect(outcome).toEqual({
        kind: "too-many",
        most: 10_000,
        lasting: true,
        reason: "qsub: Array job exceeds server or queue size limit",
      });
    });

    it("says of members of an array that never was that they are absent", async () => {
      const known = await submit(submission("true"));
      const unknown = [0, 1, 2].map((index) => known.replace(/^\d+/, `99999999[${index}]`));
      const outcome = await pbs.status([known, ...unknown]);
      const absent = [...(outcome.kind === "answered" ? outcome.jobs : [])]
        .filter(([, job]) => job === "absent")
        .map(([id]) => id);
      expect(absent).toEqual(unknown);
      const refused = new Map();
      expect(await pbs.delete(unknown)).toEqual({ kind: "answered", refused });
    });

    it("submits to a named server, and finds there what was submitted", async () => {
      const server = (await submit(submission("true"))).replace(/^\d+\./, "");
      const about = submission("true", { queue: `@${server}`, members: 2 });
      const array = await submit(about);
      expect(await pbs.find(about.name, `workq@${server}`)).toEqual({
        kind: "answered",
        jobIds: [array],
      });
      expect(await pbs.find(about.name, "workq@no-such-host")).toMatchObject({ kind: "refused" });
    });

    it("refuses in PBS's own words what PBS refuses", async () => {
      const outcome = await pbs.submit(submission("true", { queue: "nosuchq" }));
      expect(outcome).toEqual({ kind: "refused", reason: "qsub: Unknown queue", code: 170 });
    });

    it("finds nothing by a name that nobody used", async () => {
      expect(await pbs.find("ghr-neverused00", null)).toEqual({ kind: "answered", jobIds: [] });
    });

    it("asks about many jobs at once", async () => {
      const ids = await Promise.all([0, 1, 2, 3].map(() => submit(submission("true"))));
      const outcome = await pbs.status(ids);
      expect(outcome.kind === "answered" && [...outcome.jobs.keys()].toSorted()).toEqual(
        ids.toSorted(),
      );
    });

    it("says so where there is no PBS at all", async () => {
      const elsewhere = createPbs({ binDirectory: directory, log });
      expect(await elsewhere.submit(submission("true"))).toMatchObject({
        kind: "unusable",
        reason: expect.stringContaining("qsub was not found in") as string,
      });
    });
  });
}
