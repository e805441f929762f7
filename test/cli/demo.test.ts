import { tmpdir } from "node:os";
import { expect, test } from "vitest";
import { hpcRunners } from "../helpers/program.ts";

const environment = { ...process.env, PATH: "/usr/bin:/bin", NO_COLOR: "1" };

test("the demo serves the prototype's twelve jobs, and leaves nothing", async () => {
  const { code, output, errors } = await hpcRunners(["demo"], environment, tmpdir());
  expect(errors).toBe("");
  expect(output).toContain("✓ 12 of 12 workflow jobs succeeded\n");
  const [, calls] = /✓ (\d\.\d\d) GitHub calls a job/.exec(output) ?? [];
  expect(Number(calls)).toBeLessThanOrEqual(1.1);
  expect(output).toContain(
    "✓ left over: 0 runners on GitHub, 0 allocations in PBS, 0 files in the handoff",
  );
  expect(code).toBe(0);
});

test("the demo of what cannot work tells each trouble in a sentence, and serves the rest", async () => {
  const { code, output } = await hpcRunners(["demo", "--troubles"], environment, tmpdir());
  expect(output).toMatch(/! qsub is not there: "PBS's command qsub was not found on PATH \(.*\)"/);
  expect(output).toMatch(
    /! GitHub cannot be reached: "GitHub (?:did not answer|cannot be reached): .*"/,
  );
  expect(output).toMatch(
    /labels-of-no-pool: No pool answers to runs-on \[quantum, self-hosted\]; pools here: derecho .*\./,
  );
  expect(output).toMatch(/refused-account: PBS refused it: .*OVERDRAWN has used up its allocation/);
  expect(output).toMatch(/failing-step: A step of it failed: its log on GitHub says which\./);
  expect(output).toContain(
    "✓ 1 of 4 workflow jobs succeeded, 1 failed in a step, 2 refused with a reason",
  );
  expect(output).toMatch(/✓ left over: 0 .* 0 .* 0 /);
  expect(code).toBe(0);
});

test("the demo on a PBS that is not there says so at once", async () => {
  const { code, output, errors } = await hpcRunners(["demo", "--pbs"], environment, tmpdir());
  expect(code).toBe(1);
  expect(output).toBe("");
  expect(errors).toBe(
    "PBS's command qsub was not found on PATH (/usr/bin:/bin): leave out --pbs for an emulated PBS",
  );
});
