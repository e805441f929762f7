import { readFileSync } from "node:fs";
import { LineCounter, parseDocument } from "yaml";
import type { Document, YAMLError } from "yaml";
import { checkEachPool, checkPools } from "./check.ts";
import { toConfiguration } from "./configuration.ts";
import type { Configuration, Surroundings } from "./configuration.ts";
import { explain } from "./explain.ts";
import type { Finding } from "./explain.ts";
import { locate, toLocation } from "./location.ts";
import { ConfigurationError, formatPath } from "./mistake.ts";
import type { Mistake } from "./mistake.ts";
import { stateDirectory } from "./places.ts";
import { schema } from "./schema.ts";

/**
 * Reads `hpc-runners.yml`.
 *
 * @throws {ConfigurationError} with every mistake in it, when the file cannot be read or used. Nothing else.
 */
export function loadConfiguration(
  path: string,
  surroundings: Surroundings = { stateDirectory: stateDirectory(process.env) },
): Configuration {
  return parseConfiguration(path, readText(path), surroundings);
}

/** As {@link loadConfiguration}, from the file's text. */
export function parseConfiguration(
  path: string,
  text: string,
  surroundings: Surroundings,
): Configuration {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const syntax = syntaxMistakes(document, lines);
  // A key written twice is the only fault of syntax that leaves the rest of the file readable.
  const faults = [...document.errors, ...document.warnings];
  if (faults.some((fault) => fault.code !== "DUPLICATE_KEY")) {
    throw new ConfigurationError(path, syntax);
  }
  const raw = toPlain(path, document);
  const result = schema.safeParse(raw, { reportInput: true });
  const findings = [
    ...(raw === null ? [EMPTY_FILE] : explain(result.error?.issues ?? [])),
    ...checkPools(isObject(raw) && "pools" in raw ? raw.pools : null),
    ...checkEachPool(isObject(raw) && "pools" in raw ? raw.pools : null),
  ];
  const mistakes = [...syntax, ...findings.map((finding) => place(finding, document, lines))];
  if (mistakes.length > 0 || !result.success) {
    throw new ConfigurationError(path, mistakes.toSorted(inFileOrder));
  }
  return toConfiguration(path, result.data, surroundings);
}

const EMPTY_FILE: Finding = {
  path: [],
  at: "value",
  value: null,
  message: "is empty",
  cure: "write at least one pool; hpc-runners.example.yml shows how",
};

/** More than any site writes by hand; keeps a wrong path (a log, a core dump) from being parsed. */
const LARGEST_FILE = 1024 * 1024;

function readText(path: string): string {
  try {
    const bytes = readFileSync(path);
    if (bytes.length > LARGEST_FILE) {
      throw unusable(path, "is larger than 1 MiB", "name a configuration file");
    }
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    if (cause instanceof ConfigurationError) throw cause;
    const [message, cure] = READ_FAULTS[codeOf(cause)] ?? [
      `cannot be read (${codeOf(cause)})`,
      "see that the file can be read by this user",
    ];
    throw unusable(path, message, cure, cause);
  }
}

const READ_FAULTS: Readonly<Record<string, readonly [message: string, cure: string]>> = {
  ENOENT: [
    "does not exist",
    "copy hpc-runners.example.yml there and edit it, or set HPC_RUNNERS_CONFIG",
  ],
  ENOTDIR: ["does not exist", "see that the path is right"],
  EACCES: ["may not be read by this user", "chmod u+r it, or name another file"],
  EISDIR: ["is a directory", "name the file in it"],
  ERR_ENCODING_INVALID_ENCODED_DATA: ["is not UTF-8 text", "save it as UTF-8"],
};

function codeOf(error: unknown): string {
  const code: unknown = error instanceof Error && "code" in error ? error.code : undefined;
  return typeof code === "string" ? code : "unknown error";
}

function unusable(
  file: string,
  message: string,
  cure: string,
  cause?: unknown,
): ConfigurationError {
  const mistake = { path: "", line: null, column: null, value: null };
  return new ConfigurationError(file, [{ ...mistake, message, cure }], cause);
}

function toPlain(path: string, document: Document.Parsed): unknown {
  try {
    return document.toJS({ maxAliasCount: 100 });
  } catch (cause) {
    // yaml's guard against "billion laughs", and aliases that contain themselves.
    throw unusable(path, "has aliases that cannot be followed", "write the values out", cause);
  }
}

const SYNTAX_CURES: Readonly<Partial<Record<YAMLError["code"], string>>> = {
  DUPLICATE_KEY: "keep one of the two",
  TAB_AS_INDENT: "indent with spaces",
  MULTIPLE_DOCS: "keep one document: remove the line ---",
  TAG_RESOLVE_FAILED: "remove the tag (!…)",
  BAD_INDENT: "align it with the keys beside it",
  MULTILINE_IMPLICIT_KEY:
    "write key: value on one line; see that the line above ends with ':' where it should",
  MISSING_CHAR: "see that quotes and brackets are closed, and that ': ' follows a key",
};

function syntaxMistakes(document: Document.Parsed, lines: LineCounter): readonly Mistake[] {
  return [...document.errors, ...document.warnings].map((fault) => ({
    path: "",
    ...toLocation(lines, fault.pos[0]),
    value: null,
    message: `is not the YAML expected: ${fault.message}`,
    cure:
      SYNTAX_CURES[fault.code] ??
      "mend the line; most often it is the indentation, or a missing quote",
  }));
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

function place(finding: Finding, document: Document.Parsed, lines: LineCounter): Mistake {
  const { path, at, value, message, cure } = finding;
  return { path: formatPath(path), ...locate(document, lines, path, at), value, message, cure };
}

function inFileOrder(a: Mistake, b: Mistake): number {
  return (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0);
}
