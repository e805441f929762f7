import { describe, expect, it } from "vitest";
import type { Answer } from "../../src/pbs/command.ts";
import { readDeletion } from "../../src/pbs/qdel.ts";
import { readSubmission } from "../../src/pbs/qsub.ts";
import { troubleOf, wordsOf } from "../../src/pbs/exit-code.ts";
import { answerOf, captures } from "./captures.ts";

function answer(command: Answer["command"], code: number, stderr: string, stdout = ""): Answer {
  return { kind: "exited", command, code, stdout, stderr };
}

/** facts/pbs.md §1 and §10.10; the kind is what the caller of `submit` can do. */
const SUBMISSIONS: readonly (readonly [code: number, kind: string, stderr: string])[] = [
  [1, "refused", "qsub: script contains cr, lf"],
  [1, "refused", "qsub: cannot send environment with the job"],
  [1, "refused", "qsub: Job name is too long"],
  [2, "refused", "qsub: illegal -N value"],
  [3, "refused", "qsub: Array job exceeds server or queue size limit"],
  [5, "refused", '"-lresource=" cannot be used with "select" or "place", resource is: ncpus'],
  [8, "refused", "qsub: opening script file:: Permission denied"],
  [13, "retry", "qsub: Too many connections"],
  [32, "refused", "qsub: Account CI0001 is over its allocation, see https://site.example/accounts"],
  [38, "retry", "qsub: would exceed queue generic's per-user limit"],
  [38, "retry", "qsub: would exceed complex's per-user limit"],
  [39, "retry", "qsub: would exceed per-user limit on resource ncpus in complex"],
  [71, "refused", "qsub: Job script size exceeds jobscript_max_size"],
  [104, "retry", "qsub: Try again later"],
  [126, "unusable", "/usr/local/bin/qsub: line 3: /opt/pbs/bin/qsub: Permission denied"],
  [127, "unusable", "/usr/local/bin/qsub: line 3: /opt/pbs/bin/qsub: No such file or directory"],
  [137, "unknown", "Killed"],
  [154, "refused", "qsub: Error (15002) submitting job"],
  [159, "refused", "qsub: Unauthorized Request"],
  [160, "refused", "qsub: Access from host not allowed, or unknown host"],
  [162, "unknown", "Connection refused"],
  [166, "refused", "qsub: Illegal attribute or resource value Resource_List.select"],
  [170, "refused", "qsub: Unknown queue"],
  [173, "refused", "qsub: Queue is not enabled"],
  [175, "refused", "qsub: Bad UID for job execution"],
  [183, "unknown", "qsub: Protocol error"],
  [185, "retry", "qsub: No free connections"],
  [187, "refused", "qsub: Unknown resource: nosuchres"],
  [188, "refused", "qsub: Job violates queue and/or server resource limits"],
  [198, "retry", "qsub: Maximum number of jobs already in queue"],
  [201, "refused", "qsub: Invalid account"],
  [212, "retry", "qsub: Server is shutting down"],
  [255, "unknown", "Failed to recv data from background qsub"],
  [255, "unknown", "qsub: cannot connect to server  (errno=0)"],
];

describe("qsub's exit codes", () => {
  it.each(SUBMISSIONS)("%i is %s: %s", (code, kind, stderr) => {
    const outcome = readSubmission(answer("qsub", code, `${stderr}\n`));
    const reason = stderr.replaceAll(/ +/g, " ");
    expect(outcome).toEqual(kind === "refused" ? { kind, reason, code } : { kind, reason });
  });

  it("0 is accepted whatever a wrapper or PBS's own helpers say besides", () => {
    const noise = "pbs_iff: cannot connect to host\npbs_iff: all reserved ports in use\n";
    expect(readSubmission(answer("qsub", 0, noise, "Welcome\n3335.vm\n"))).toEqual({
      kind: "accepted",
      jobId: "3335.vm",
    });
  });
});

describe("qdel's exit codes", () => {
  it.each([
    [0, ""],
    [35, "qdel: Job has finished 84.vm"],
    [153, "qdel: Unknown Job Id 999999.vm"],
    [202, "qdel: Job already in exit state 84.vm"],
  ])("%i leaves nothing to delete: %s", (code, stderr) => {
    expect(readDeletion(answer("qdel", code, stderr))).toBeNull();
  });

  it.each([
    [159, "refused", "qdel: Unauthorized Request 77.vm"],
    [162, "unknown", "Connection refused"],
  ])("%i is %s: %s", (code, kind, stderr) => {
    expect(readDeletion(answer("qdel", code, stderr))).toMatchObject({ kind, reason: stderr });
  });
});

describe("the words of PBS", () => {
  it("lose the usage text, what is said twice, and what would move a terminal's cursor", () => {
    const byName = (name: string) => captures.filter((each) => each.name === name).map(answerOf);
    const [usage] = byName("qsub-err-unknown-option2").map(wordsOf);
    expect(usage).toBe("qsub: invalid option -- 'Y'");
    const [twice] = byName("qsub-err-server-acl-user").map(wordsOf);
    expect(twice).toBe("qsub: Unauthorized Request");
    const hook = answer("qsub", 32, "\u001b[31mNo\u001b[0m:\tsee the\u0007 policy\r\n");
    expect(wordsOf(hook)).toBe("[31mNo [0m: see the policy");
  });

  it("are never missing", () => {
    expect(troubleOf(answer("qdel", 159, ""), "changes")).toEqual({
      kind: "refused",
      reason: "qdel exited with 159 and no message",
      code: 159,
    });
  });
});
