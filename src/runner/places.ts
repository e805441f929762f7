import { join } from "node:path";
import type { Configuration } from "../config/configuration.ts";

/** Directories that login and compute nodes share, and that people may want to look into. */
export interface Places {
  /** Where PBS writes the output of our jobs. */
  readonly logs: string;
  /** What is kept of runners that failed. */
  readonly diagnostics: string;
}

export function placesOf({ directories }: Pick<Configuration, "directories">): Places {
  const { shared } = directories;
  return { logs: join(shared, "logs"), diagnostics: join(shared, "diagnostics") };
}

/** The file that `qsub -j oe -k oed -o <logs>/` makes of a job's output (facts/pbs.md §2). */
export function logFileOf({ logs }: Places, pbsJobId: string): string {
  return join(logs, `${pbsJobId}.OU`);
}

/** What node/diagnostics.sh keeps of the runner of one turn, if that failed. */
export function diagnosticsOf({ diagnostics }: Places, allocation: string, turn: number): string {
  return join(diagnostics, `${allocation}-${turn}`);
}
