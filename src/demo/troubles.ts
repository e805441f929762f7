import { rename } from "node:fs/promises";
import { join } from "node:path";
import type { Overview } from "../status/overview.ts";
import type { Stage } from "./stage.ts";

/** Something outside that does not work for a while. */
export interface Trouble {
  readonly what: string;
  readonly begin: () => Promise<void>;
  readonly end: () => Promise<void>;
  /** What the program says of it; `null` while it has not noticed. */
  readonly noticed: (overview: Overview) => string | null;
}

/** One after the other: a `qsub` that is not there, and a GitHub that cannot be reached. */
export function troublesOf(stage: Stage): readonly Trouble[] {
  const { github, pbs } = stage;
  const qsub = join(pbs?.binDirectory ?? "", "qsub");
  return [
    {
      what: "qsub is not there",
      begin: () => rename(qsub, `${qsub}.away`),
      end: () => rename(`${qsub}.away`, qsub),
      noticed: reasonOf("pool:derecho"),
    },
    {
      what: "GitHub cannot be reached",
      async begin() {
        github.faults.down = true;
      },
      async end() {
        github.faults.down = false;
      },
      noticed: reasonOf("installation:"),
    },
  ];
}

function reasonOf(subject: string): Trouble["noticed"] {
  return ({ holds }) => holds.find((hold) => hold.subject.startsWith(subject))?.reason ?? null;
}
