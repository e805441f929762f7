import type { JobDefinition, WorkflowDefinition } from "../emulator/github/workflow.ts";

/** An organization, what is pushed to it, and the pools that are there for it. */
export interface Scene {
  readonly organization: string;
  readonly repositories: readonly string[];
  readonly workflows: readonly WorkflowDefinition[];
}

const RUNS_ON = ["self-hosted", "derecho"];

const CONFIGURE = {
  name: "Configure",
  run: 'echo "on $(hostname), PBS job $PBS_JOBID"\nmkdir build && echo "prefix=$PWD" >build/config\n',
};

function build(name: string): JobDefinition {
  return {
    name,
    runsOn: RUNS_ON,
    steps: [
      CONFIGURE,
      {
        name: "Build",
        run: "for part in 1 2 3; do echo part $part >>build/log; sleep 0.5; done\n",
      },
      { name: "Submit", run: 'test "$(wc -l <build/log)" -eq 3\ngrep -q "prefix=" build/config\n' },
    ],
  };
}

function test(name: string): JobDefinition {
  return {
    name,
    runsOn: RUNS_ON,
    steps: [
      CONFIGURE,
      {
        name: "Test",
        run: "sleep 1\nseq 100 | paste -sd+ | { read -r sum; test $((sum)) -eq 5050; }\n",
      },
    ],
  };
}

/** The workflows with which NCAR's prototype of 2024 was shown on Derecho: twelve jobs, all at once. */
export const prototypeScene: Scene = {
  organization: "hpc-research",
  repositories: ["climate-model", "ci-scale-tests", "analysis-tools"],
  workflows: [
    {
      repository: "climate-model",
      name: "build",
      jobs: [1, 2, 3, 4].map((index) => build(`build-and-submit (${index})`)),
    },
    { repository: "climate-model", name: "test", jobs: [test("test_without_container_derecho")] },
    { repository: "analysis-tools", name: "test", jobs: [test("test_without_container_derecho")] },
    {
      repository: "ci-scale-tests",
      name: "scale-test",
      jobs: [1, 2, 3, 4, 5, 6].map((index) => test(`scale-test${index}`)),
    },
  ],
};

/** Jobs that cannot be served as they stand, among one that can. */
export const troublesScene: Scene = {
  organization: "hpc-research",
  repositories: ["climate-model", "analysis-tools"],
  workflows: [
    {
      repository: "climate-model",
      name: "troubles",
      jobs: [
        test("all-is-well"),
        {
          name: "failing-step",
          runsOn: RUNS_ON,
          steps: [{ name: "Test", run: 'echo "expected 42, got 41"\nexit 3\n' }],
        },
        { ...test("labels-of-no-pool"), runsOn: ["self-hosted", "quantum"] },
        { ...test("refused-account"), runsOn: ["self-hosted", "overdrawn"] },
      ],
    },
  ],
};
