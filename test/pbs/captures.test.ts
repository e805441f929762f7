import { describe, expect, it } from "vitest";
import { PBS_STATES } from "../../src/domain/pbs-job.ts";
import { troubleOf, wordsOf } from "../../src/pbs/exit-code.ts";
import { jobIdsIn } from "../../src/pbs/job-id.ts";
import { readDeletion } from "../../src/pbs/qdel.ts";
import { readSelection } from "../../src/pbs/qselect.ts";
import { parseQstatDsv } from "../../src/pbs/qstat/dsv.ts";
import { jobFrom } from "../../src/pbs/qstat/job.ts";
import { parseQstatJson } from "../../src/pbs/qstat/json.ts";
import { namedUnknown, readListing } from "../../src/pbs/qstat/query.ts";
import { readSubmission } from "../../src/pbs/qsub.ts";
import { answerOf, capture, captures, documentsIn } from "./captures.ts";

describe("every capture of a real PBS", () => {
  it("is here", () => {
    expect(captures.length).toBeGreaterThanOrEqual(230);
    expect(captures.flatMap(documentsIn).length).toBeGreaterThan(30);
  });

  it.each(captures.map((each) => [each.name, each] as const))("%s is read", (_name, each) => {
    const answer = answerOf(each);
    const ids = jobIdsIn(each.stdout);
    expect(["accepted", "retry", "refused", "unknown"]).toContain(readSubmission(answer).kind);
    expect(["answered", "retry", "refused", "unknown"]).toContain(readSelection(answer).kind);
    expect([undefined, "retry", "refused", "unknown", "unusable"]).toContain(
      readDeletion(answer)?.kind,
    );
    expect(namedUnknown(answer, ids).every((id) => ids.includes(id))).toBe(true);
    expect(wordsOf(answer)).toMatch(/^[^\n\u001b]{1,1001}$/);
    parseQstatDsv(each.stdout);
    for (const document of documentsIn(each)) {
      const jobs = parseQstatJson(document);
      if (jobs === null) {
        // Only what JSON itself refuses may be refused.
        expect(() => JSON.parse(document) as unknown).toThrow(SyntaxError);
        continue;
      }
      for (const [id, attributes] of jobs) {
        const job = jobFrom(id, attributes);
        expect(job?.id).toBe(id);
        expect(PBS_STATES).toContain(job?.state);
      }
    }
  });
});

describe("qsub", () => {
  it.each([
    ["qsub-err-unknown-queue", "refused", "qsub: Unknown queue"],
    ["qsub-err-unknown-server", "refused", "Unknown Host."],
    ["qsub-err-disabled-queue", "refused", "qsub: Queue is not enabled"],
    ["qsub-err-bad-resource", "refused", "qsub: Unknown resource Resource_List.nosuchres"],
    ["qsub-err-malformed-walltime", "refused", "Illegal attribute or resource value"],
    ["qsub-err-select-plus-ncpus", "refused", 'cannot be used with "select"'],
    ["qsub-err-unknown-option", "refused", "qsub: invalid option"],
    ["qsub-err-acl-user", "refused", "Unauthorized Request"],
    ["qsub-err-acl-host", "refused", "Access from host not allowed"],
    ["qsub-err-walltime-over-limit", "refused", "violates queue and/or server resource limits"],
    ["qsub-err-root", "refused", "Bad UID for job execution"],
    ["qsub-err-max-queued", "retry", "per-user limit"],
    ["qsub-err-server-max-queued", "retry", "would exceed complex's per-user limit"],
    ["qsub-err-server-max-queued-res", "retry", "per-user limit on resource ncpus"],
    ["down-qsub", "unknown", "Connection refused"],
  ])("%s is %s, in PBS's own words", (name, kind, words) => {
    const outcome = readSubmission(answerOf(capture(name)));
    expect(outcome.kind).toBe(kind);
    expect("reason" in outcome && outcome.reason).toContain(words);
  });

  it("tells the id of what was accepted", () => {
    const outcome = readSubmission(answerOf(capture("qsub-success")));
    expect(outcome).toEqual({ kind: "accepted", jobId: "0.vm" });
  });

  it("says unknown when it succeeded and gave no id", () => {
    const answer = { ...answerOf(capture("qsub-success")), stdout: "welcome to the cluster\n" };
    expect(readSubmission(answer).kind).toBe("unknown");
  });
});

describe("qstat", () => {
  it("does not take a server that is down for a system without jobs", () => {
    const down = capture("down-qstat");
    const [document = ""] = documentsIn(down);
    expect(parseQstatJson(document)?.size).toBe(0);
    const answer = { ...answerOf(down), code: 255, stdout: document };
    expect(readListing(answer, ["1.vm"])).toMatchObject({ kind: "retry" });
    expect(troubleOf(answer, "asks").reason).toContain("Connection refused");
  });

  it("knows an unknown job by its name in the answer, and nothing else", () => {
    const answer = answerOf(capture("qstat-unknown-json"));
    const [id = ""] = /\d+\.vm/.exec(answer.stderr) ?? [];
    expect(namedUnknown({ ...answer, code: 153 }, [id, "1.vm"])).toEqual([id]);
  });

  it.each([
    ["qstat-json-queued-insufficient", { state: "Q", substate: 10, exitStatus: null }],
    ["qstat-json-held", { state: "H", substate: 20 }],
    ["qstat-json-dependent-held", { state: "H", substate: 22 }],
    ["qstat-json-waiting", { state: "W", substate: 30 }],
    ["qstat-json-running", { state: "R", substate: 42, exitStatus: null }],
    ["qstat-json-finished-exit0", { state: "F", substate: 92, exitStatus: 0 }],
    ["qstat-json-finished-exit7", { state: "F", substate: 93, exitStatus: 7 }],
    ["qstat-json-finished-qdel-running", { state: "F", substate: 91, exitStatus: 271 }],
    ["qstat-json-finished-walltime", { state: "F", substate: 93, exitStatus: -29 }],
  ])("%s is read as it is", (name, wanted) => {
    const [document = ""] = documentsIn(capture(name));
    const [first] = parseQstatJson(document) ?? [];
    const job = first ? jobFrom(first[0], first[1]) : null;
    expect(job).toMatchObject(wanted);
    if (job?.state === "R") {
      expect(job.execHost).toMatch(/^vm\/0/);
      expect(job.startedAt).toBeGreaterThan(Date.parse("2026-01-01"));
    }
  });

  it("reads every job of a listing of many", () => {
    const [document = ""] = documentsIn(capture("qstat-json-all-states"));
    const { Jobs } = JSON.parse(document) as { readonly Jobs: object };
    expect(Object.keys(Jobs).length).toBeGreaterThan(5);
    expect([...(parseQstatJson(document) ?? new Map()).keys()]).toEqual(Object.keys(Jobs));
  });
});
