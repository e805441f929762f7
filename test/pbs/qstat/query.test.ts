import { describe, expect, it } from "vitest";
import type { PbsJob } from "../../../src/domain/pbs-job.ts";
import { jobFrom } from "../../../src/pbs/qstat/job.ts";
import { parseQstatJson } from "../../../src/pbs/qstat/json.ts";
import { readListing } from "../../../src/pbs/qstat/query.ts";
import { answerOf, capture, documentsIn } from "../captures.ts";
import { replayQstat, type Scripted } from "../replay.ts";

const JOB_RUN = "Job run at Tue Nov 24 at 02:07 on (vm:ncpus=1)";

function at(text: string): number {
  return new Date(`2026-11-24T${text}`).getTime();
}

/** Each job of a listing as id, state, substate, exit status, execution host and comment. */
function rowsOf(name: string): unknown[] {
  const [document = ""] = documentsIn(capture(name));
  return [...(parseQstatJson(document) ?? [])]
    .map(([id, attributes]) => jobFrom(id, attributes))
    .map(
      (job) => job && [job.id, job.state, job.substate, job.exitStatus, job.execHost, job.comment],
    );
}

/** A capture of one command, with the code and the document of the one that is meant where there were several. */
function scripted(name: string, code = capture(name).code, document = -1): Scripted {
  const { stderr } = capture(name);
  return { code, stdout: documentsIn(capture(name)).at(document) ?? "", stderr };
}

describe("qstat's listings", () => {
  it("tell every job of a running system in every state", () => {
    const ran = "Job run at Tue Nov 24 at 02:03 on";
    expect(rowsOf("qstat-json-all-states").slice(0, 8)).toEqual([
      ["78.vm", "R", 42, null, "vm/0", `${ran} (vm:ncpus=1:mem=51200kb)`],
      ["79.vm", "H", 20, null, null, null],
      [
        "80.vm",
        "Q",
        10,
        null,
        null,
        "Can Never Run: Insufficient amount of resource: ncpus (R: 64 A: 4 T: 4)",
      ],
      ["81.vm", "W", 30, null, null, null],
      ["82.vm", "H", 22, null, null, null],
      ["83.vm", "R", 42, null, "vm/1", `${ran} (vm:ncpus=1:mem=307200kb)`],
      ["85.vm", "R", 42, null, "vm/3", `${ran} (vm:ncpus=1)`],
      ["86[].vm", "B", 70, null, null, "Job Array Began at Tue Nov 24 at 02:03"],
    ]);
  });

  it("tell an array and its subjobs apart, and no exit status of what still lives or is forgotten", () => {
    expect(rowsOf("qstat-json-array-t")).toEqual([
      ["90[].vm", "B", 70, null, null, "Job Array Began at Tue Nov 24 at 02:07"],
      ["90[0].vm", "X", 91, 271, "vm/0", `${JOB_RUN} and terminated by alice@vm`],
      ["90[1].vm", "X", 70, null, null, "Subjob finished"],
      ["90[2].vm", "X", 91, 271, "vm/2", `${JOB_RUN} and terminated by alice@vm`],
      ["90[3].vm", "R", 42, null, "vm/3", JOB_RUN],
      ["90[4].vm", "X", 91, 271, "vm/1", `${JOB_RUN} and terminated by alice@vm`],
    ]);
    const [parent] = rowsOf("qstat-json-array-finished-xt");
    const end = "Job Array Began at Tue Nov 24 at 02:07 and terminated";
    expect(parent).toEqual(["90[].vm", "F", 91, 1, null, end]);
  });

  it("tell no exit status of a job that is still exiting", () => {
    expect(rowsOf("qstat-json-exiting")).toEqual([
      ["8370.vm", "E", 51, null, "vm/3", "Job run at Tue Nov 24 at 02:35 on (vm:ncpus=1)"],
    ]);
  });

  it("are taken for unreadable where an old release writes what is no JSON", () => {
    for (const name of ["account", "backslash", "unicode", "numeric"]) {
      const stdout = oldDocumentWith(name);
      const answer = { ...answerOf(capture("qstat-old-json-queued")), code: 0, stdout };
      expect([name, readListing(answer, ["157.vm"])]).toEqual([name, null]);
    }
  });
});

/** The old release's document, up to the environment, with the tail that another job of its gave it. */
function oldDocumentWith(name: string): string {
  const [whole = ""] = documentsIn(capture("qstat-old-json-queued"));
  const [, tail = ""] =
    / b'(PBS_O_SYSTEM.*)'$/m.exec(capture(`json-old-vs-new-${name}`).stdout) ?? [];
  const head = whole.slice(0, whole.indexOf("PBS_O_SYSTEM"));
  return bytesOf(head + tail).toString("latin1");
}

/** The bytes of a Python literal. */
function bytesOf(literal: string): Buffer {
  const text = literal.replaceAll(/\\(x[\da-f]{2}|.)/g, (_all, escape: string) =>
    escape.startsWith("x")
      ? String.fromCodePoint(Number.parseInt(escape.slice(1), 16))
      : ({ n: "\n", t: "\t", r: "\r" }[escape] ?? escape),
  );
  return Buffer.from(text, "latin1");
}

describe("asking for the status of jobs", () => {
  it("tells everything of a job that runs", async () => {
    const pbs = replayQstat([["*", scripted("qstat-json-running")]]);
    const job: PbsJob = {
      id: "78.vm",
      name: "running",
      state: "R",
      substate: 42,
      comment: "Job run at Tue Nov 24 at 02:03 on (vm:ncpus=1:mem=51200kb)",
      execHost: "vm/0",
      exitStatus: null,
      startedAt: at("02:03:02"),
      runs: 1,
    };
    expect(await pbs.status(["78.vm"])).toEqual({
      kind: "answered",
      jobs: new Map([["78.vm", job]]),
    });
  });

  it("keeps bytes that are no UTF-8 from hiding a job", async () => {
    const [, literal = ""] = /^b'(.*)'$/m.exec(capture("json-var-invalid-utf8").stdout) ?? [];
    const stdout = bytesOf(literal);
    expect(() => new TextDecoder("utf-8", { fatal: true }).decode(stdout)).toThrow(TypeError);
    const pbs = replayQstat([["*'-F json'*", { code: 0, stdout, stderr: "" }]]);
    expect(await pbs.status(["59.vm"])).toMatchObject({
      jobs: new Map([["59.vm", expect.objectContaining({ name: "j", state: "H", substate: 20 })]]),
    });
  });

  it("says absent only of what PBS named as unknown", async () => {
    const pbs = replayQstat([["*", scripted("qstat-unknown-json")]]);
    expect(await pbs.status(["999999.vm"])).toEqual({
      kind: "answered",
      jobs: new Map([["999999.vm", "absent"]]),
    });
    // The same document and the same code, yet about somebody else.
    expect(await pbs.status(["12.vm"])).toEqual({ kind: "answered", jobs: new Map() });
  });

  it("asks again, by name, for what a listing of several passed over", async () => {
    const pbs = replayQstat([
      ["'-E '*", { ...scripted("qstat-mix-x-json"), code: 0, stderr: "" }],
      ["*' 999999.vm'", { ...scripted("qstat-unknown"), stdout: "" }],
    ]);
    const outcome = await pbs.status(["81.vm", "999999.vm"]);
    const waiting: unknown = expect.objectContaining({ state: "W" });
    expect(outcome).toEqual({
      kind: "answered",
      jobs: new Map([
        ["81.vm", waiting],
        ["999999.vm", "absent"],
      ]),
    });
  });

  it("never says absent of a job that has finished, though PBS lists it only with -x", async () => {
    const pbs = replayQstat([["*", scripted("qstat-finished-without-x-json")]]);
    expect(await pbs.status(["85.vm"])).toEqual({ kind: "answered", jobs: new Map() });
  });

  it("says to try again when the server is down, or asks who we are and gets no answer", async () => {
    const down = replayQstat([["*", scripted("down-qstat", 255)]]);
    expect(await down.status(["1.vm", "2.vm"])).toEqual({
      kind: "retry",
      reason: "Connection refused; qstat: cannot connect to server vm (errno=15010)",
    });
    const denied = replayQstat([["*", scripted("sec-no-new-privs", 255)]]);
    expect(await denied.status(["1.vm"])).toMatchObject({
      kind: "retry",
      reason: expect.stringContaining("pbs_iff: cannot connect to host") as string,
    });
  });

  it("passes on that PBS lets us ask nothing", async () => {
    const pbs = replayQstat([["*", scripted("qstat-as-user-not-in-server-acl")]]);
    expect(await pbs.status(["1.vm"])).toEqual({
      kind: "refused",
      reason: "qstat: Unauthorized Request",
      code: 159,
    });
  });

  it("asks nothing at all about nothing: an empty id would list everybody's jobs", async () => {
    const pbs = replayQstat([]);
    expect(await pbs.status(["", "; id", "-B"])).toEqual({ kind: "answered", jobs: new Map() });
  });
});
