import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pino } from "pino";
import { quote } from "../../src/emulator/program.ts";
import { createPbs } from "../../src/pbs/driver.ts";
import type { Pbs } from "../../src/pbs/pbs.ts";
import { temporaryDirectory } from "../helpers/directory.ts";

/** What a command is to answer, byte for byte. */
export interface Scripted {
  readonly code: number;
  readonly stdout: string | Uint8Array;
  readonly stderr: string;
}

/** A shell pattern over all arguments, as `case` reads it, and the answer to the calls that fit; the first counts. */
export type Scene = readonly (readonly [pattern: string, answer: Scripted])[];

/** The driver before a `qstat` that answers from captures; a call that fits nothing exits with 99. */
export function replayQstat(scene: Scene): Pbs {
  const binDirectory = join(temporaryDirectory(), "bin");
  mkdirSync(binDirectory);
  const cases = scene.map(([pattern, { code, stdout, stderr }], index) => {
    const out = join(binDirectory, `${index}.out`);
    const err = join(binDirectory, `${index}.err`);
    writeFileSync(out, stdout);
    writeFileSync(err, stderr);
    return `${pattern}) cat ${quote(out)}; cat ${quote(err)} >&2; exit ${code};;\n`;
  });
  const script = `#!/bin/sh\ncase "$*" in\n${cases.join("")}esac\nexit 99\n`;
  writeFileSync(join(binDirectory, "qstat"), script, { mode: 0o700 });
  return createPbs({ binDirectory, log: pino({ level: "silent" }) });
}
