import { execa } from "execa";
import { programOf } from "../../src/emulator/program.ts";

const [NODE, ...MAIN] = programOf(import.meta.url, "../../src/cli/main");

export interface Ended {
  readonly code: number | undefined;
  readonly output: string;
  readonly errors: string;
}

/** Runs `hpc-runners` with these arguments, as a process of its own and with this environment alone, to its end. */
export async function hpcRunners(
  args: readonly string[],
  environment: Readonly<NodeJS.ProcessEnv>,
  cwd: string,
): Promise<Ended> {
  const { exitCode, stdout, stderr } = await execa(NODE, [...MAIN, ...args], {
    cwd,
    env: environment,
    extendEnv: false,
    reject: false,
    stdin: "ignore",
  });
  return { code: exitCode, output: stdout, errors: stderr };
}
