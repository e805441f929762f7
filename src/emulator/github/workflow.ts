/** A step of a workflow job: lines of bash, as under `run:`. */
export interface StepDefinition {
  readonly name: string;
  readonly run: string;
  /** `if: always()`: also when the job has failed or was cancelled. */
  readonly always?: boolean;
}

export interface JobDefinition {
  readonly name: string;
  readonly runsOn: readonly string[];
  readonly steps: readonly StepDefinition[];
  /** Names of jobs of the same workflow that must succeed first. */
  readonly needs?: readonly string[];
  /** Behind a deployment gate: announced as `waiting`, queued when it is approved. */
  readonly gated?: boolean;
}

/** One workflow file, its matrix expanded. */
export interface WorkflowDefinition {
  readonly repository: string;
  readonly name: string;
  readonly jobs: readonly JobDefinition[];
}
