import type { LabelSet } from "../../src/domain/labels.ts";
import type { Submission } from "../../src/pbs/pbs.ts";
import type { SimulatedClock } from "./clock.ts";
import type { Faults } from "./faults.ts";
import { chance } from "./random.ts";
import type { Scenario } from "./scenario.ts";

/** In all that outsiders of the simulation write: where it turns up, their text has come. */
export const OUTSIDER = "OUTSIDER";

/** As bad as an outsider can make it. */
export function hostile(about: string): string {
  return `${about}'"; $(touch ${OUTSIDER}) \`id\`\n#PBS -A ${OUTSIDER}\u001b[31m\u0085\u202e../../${OUTSIDER}`;
}

/** What the models see of the program, for the checks to judge. */
export type Sighting =
  /** A life of the program began. */
  | { readonly kind: "start" }
  | { readonly kind: "submission"; readonly submission: Submission }
  /** A question to PBS: all its jobs are on so many servers. */
  | { readonly kind: "status"; readonly servers: number }
  | { readonly kind: "deletion"; readonly pbsJobId: string }
  | {
      readonly kind: "call";
      readonly what: string;
      /** Of a mint. */
      readonly mint?: { readonly name: string; readonly labels: LabelSet };
    }
  | { readonly kind: "delivery"; readonly allocation: string; readonly jitConfig: string }
  | { readonly kind: "release"; readonly allocation: string }
  | { readonly kind: "closing"; readonly allocation: string }
  /** Of the log. */
  | { readonly kind: "line"; readonly text: string }
  /** The program goes to sleep until it is woken or time has passed. */
  | { readonly kind: "pause" }
  /** A store could be opened while an instance had it. */
  | { readonly kind: "second store" }
  /** The loop has ended by itself. */
  | { readonly kind: "collapse"; readonly error: unknown }
  /** Faults ended long ago. */
  | { readonly kind: "end" };

/** What all models share. */
export interface Surroundings {
  readonly scenario: Scenario;
  readonly clock: SimulatedClock;
  readonly faults: Faults;
  /** When the history begins, milliseconds since the epoch. */
  readonly epoch: number;
  /** What happened, for people to read. */
  readonly tell: (text: string) => void;
  readonly see: (sighting: Sighting) => void;
}

/** Between `least` and `most` milliseconds, always the same for the same words. */
export function delay(
  { scenario }: Surroundings,
  least: number,
  most: number,
  ...words: readonly (string | number)[]
): number {
  return least + Math.floor((most - least) * chance(scenario.seed, "delay", ...words));
}
