import { basename } from "node:path";

/** One thing wrong with the configuration file, told so that its owner can mend it without reading a manual. */
export interface Mistake {
  /** As one would write it: `pools.derecho.labels[0]`; empty for the file as a whole. */
  readonly path: string;
  /** Counted from 1; `null` when the file could not be read. */
  readonly line: number | null;
  readonly column: number | null;
  /** What stands there, shortened and printable; `null` when nothing does. */
  readonly value: string | null;
  /** What is wrong, without a full stop, readable after the path: "must be …". */
  readonly message: string;
  /** What to write instead. */
  readonly cure: string;
}

/** The configuration cannot be used. Holds every mistake found, so that one edit can mend them all. Caller: stop. */
export class ConfigurationError extends Error {
  override readonly name = "ConfigurationError";
  readonly file: string;
  readonly mistakes: readonly Mistake[];

  constructor(file: string, mistakes: readonly Mistake[], cause?: unknown) {
    super(formatMistakes(file, mistakes), cause === undefined ? undefined : { cause });
    this.file = file;
    this.mistakes = mistakes;
  }
}

/** The report people see: a heading, then three lines for each mistake, in the order of the file. */
export function formatMistakes(file: string, mistakes: readonly Mistake[]): string {
  const count = mistakes.length === 1 ? "1 mistake" : `${mistakes.length} mistakes`;
  const heading = `${printable(file)} has ${count}:`;
  return [heading, ...mistakes.map((mistake) => formatMistake(file, mistake))].join("\n\n");
}

function formatMistake(file: string, mistake: Mistake): string {
  const where =
    mistake.line === null ? "" : `${printable(basename(file))}:${mistake.line}:${mistake.column} `;
  const what = mistake.value === null ? mistake.path : `${mistake.path}: ${mistake.value}`;
  return [
    `  ${where}${what}`.trimEnd(),
    `    ${printable(mistake.message)}`,
    `    → ${printable(mistake.cure)}`,
  ].join("\n");
}

const LONGEST_VALUE = 80;

/** A value of the file as the report quotes it: JSON, one line, at most 80 characters. `null` for a missing one. */
export function quoteValue(value: unknown): string | null {
  const shown = value === null || ["string", "number", "boolean"].includes(typeof value);
  if (!shown) return null;
  // JSON has no NaN and no infinity; YAML has both.
  const whole = printable(typeof value === "number" ? String(value) : JSON.stringify(value));
  return whole.length <= LONGEST_VALUE ? whole : `${whole.slice(0, LONGEST_VALUE - 1)}…`;
}

/** `["pools", "a", "labels", 0]` as `pools.a.labels[0]`; odd keys are quoted. */
export function formatPath(path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, key) => {
    if (typeof key === "number") return `${text}[${key}]`;
    const name = String(key);
    if (!/^[\w.-]{1,80}$/.test(name)) return `${text}[${quoteValue(name)}]`;
    return text === "" ? name : `${text}.${name}`;
  }, "");
}

/** The file is the owner's, but the report goes to a terminal: no escape sequence and no direction mark gets there. */
function printable(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/gu, (character) => {
    const code = character.codePointAt(0) ?? 0;
    return `\\u{${code.toString(16)}}`;
  });
}
