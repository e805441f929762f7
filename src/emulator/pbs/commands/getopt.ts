export const QSUB_OPTIONS = "a:A:c:C:e:fhIj:J:k:l:m:M:N:o:p:P:q:r:R:S:u:v:VW:Xz";

export interface ParsedArguments {
  /** In their order; a flag's value is the empty string. */
  readonly options: readonly (readonly [letter: string, value: string])[];
  readonly operands: readonly string[];
  /** What follows `--`; `null` without one. */
  readonly rest: readonly string[] | null;
  /** An option that is not in the specification, or that lacks its value. */
  readonly wrong: { readonly letter: string; readonly missing: boolean } | null;
}

/** Reads arguments as the C library's getopt does: `spec` names the letters, a colon after one means a value. */
export function getopt(args: readonly string[], spec: string): ParsedArguments {
  const options: [string, string][] = [];
  const operands: string[] = [];
  const pending = [...args];
  for (let argument = pending.shift(); argument !== undefined; argument = pending.shift()) {
    if (argument === "--") return { options, operands, rest: pending, wrong: null };
    if (!argument.startsWith("-") || argument === "-") {
      operands.push(argument);
      continue;
    }
    const wrong = readCluster(argument.slice(1), spec, pending, options);
    if (wrong !== null) return { options, operands, rest: null, wrong };
  }
  return { options, operands, rest: null, wrong: null };
}

function readCluster(
  letters: string,
  spec: string,
  pending: string[],
  options: [string, string][],
): ParsedArguments["wrong"] {
  for (let at = 0; at < letters.length; at += 1) {
    const letter = letters.charAt(at);
    const place = letter === ":" ? -1 : spec.indexOf(letter);
    if (place === -1) return { letter, missing: false };
    if (spec.charAt(place + 1) !== ":") {
      options.push([letter, ""]);
      continue;
    }
    const attached = letters.slice(at + 1);
    const value = attached === "" ? pending.shift() : attached;
    if (value === undefined) return { letter, missing: true };
    options.push([letter, value]);
    return null;
  }
  return null;
}

/** What the C library and the command say to a wrong option: exit code 2. */
export function complaint(command: string, wrong: NonNullable<ParsedArguments["wrong"]>): string {
  const { letter, missing } = wrong;
  return missing
    ? `${command}: option requires an argument -- '${letter}'\n`
    : `${command}: invalid option -- '${letter}'\n`;
}
