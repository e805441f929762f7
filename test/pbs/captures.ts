import { readdirSync, readFileSync } from "node:fs";
import type { Answer } from "../../src/pbs/command.ts";

/** What a real OpenPBS 23.06.06 answered to one shell line, once. */
export interface Capture {
  readonly name: string;
  /** The shell line; often one command, sometimes several. */
  readonly line: string;
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

const directory = new URL("../fixtures/pbs/", import.meta.url);

export const captures: readonly Capture[] = readdirSync(directory)
  .filter((file) => file.endsWith(".txt"))
  .map((file) => read(file.replace(/\.txt$/, "")));

function read(name: string): Capture {
  const text = readFileSync(new URL(`${name}.txt`, directory), "utf8");
  const [line = ""] = text.split("\n", 1);
  const [, rest = ""] = text.split(/^--- stdout$\n/m, 2);
  const [stdout = "", stderr = ""] = rest.split(/^--- stderr$\n/m, 2);
  const code = Number(/^exit code: (-?\d+)/m.exec(text)?.[1] ?? "0");
  return { name, line, code, stdout, stderr };
}

export function capture(name: string): Capture {
  const found = captures.find((each) => each.name === name);
  if (!found) throw new Error(`There is no capture ${name}`);
  return found;
}

/** As the driver would have got it. */
export function answerOf({ line, code, stdout, stderr }: Capture): Answer {
  const command = /\b(qsub|qstat|qselect|qdel)\b/.exec(line)?.[1] ?? "qstat";
  return { kind: "exited", command: command as Answer["command"], code, stdout, stderr };
}

/** The JSON documents in a capture's output, whole. */
export function documentsIn({ stdout }: Capture): string[] {
  return stdout.match(/^\{\n[\s\S]*?^\}$/gm) ?? [];
}
