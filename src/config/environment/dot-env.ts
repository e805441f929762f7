import { closeSync, fstatSync, openSync, readFileSync } from "node:fs";
import { parseEnv } from "node:util";
import type { EnvironmentReader } from "./reader.ts";
import type { Variables } from "../places.ts";

/** The variables, completed by a `.env` file where there is one. What the real environment sets wins. */
export function mergeDotEnv(
  variables: Variables,
  file: string,
  read: EnvironmentReader,
): Variables {
  try {
    const { text, othersMayRead } = readPrivately(file);
    if (othersMayRead && /SECRET|PRIVATE_KEY\b/.test(text)) {
      read.warnings.push(`${file} may be read by other users: chmod 600 it.`);
    }
    return { ...parseEnv(text), ...withoutUndefined(variables) };
  } catch (cause) {
    if (codeOf(cause) !== "ENOENT") {
      read.mistake(".env", `cannot be read (${codeOf(cause)})`, `mend ${file}, or remove it`);
    }
    return variables;
  }
}

/** A file that holds a secret; `null`, and a mistake, when it cannot be read. */
export function readSecretFile(
  file: string,
  variable: string,
  read: EnvironmentReader,
): string | null {
  try {
    const { text, othersMayRead } = readPrivately(file);
    if (othersMayRead) read.warnings.push(`${file} may be read by other users: chmod 600 it.`);
    return text;
  } catch (cause) {
    const reason =
      codeOf(cause) === "ENOENT"
        ? "names a file that does not exist"
        : `cannot be read (${codeOf(cause)})`;
    read.mistake(variable, reason, `see that this user can read ${file}`);
    return null;
  }
}

/** No key and no .env is larger; a device or a wrong path shall not be read without end. */
const LARGEST_FILE = 64 * 1024;

function readPrivately(file: string): { readonly text: string; readonly othersMayRead: boolean } {
  const descriptor = openSync(file, "r");
  try {
    const { mode, size } = fstatSync(descriptor);
    if (size > LARGEST_FILE) throw Object.assign(new Error("too large"), { code: "EFBIG" });
    return { text: readFileSync(descriptor, "utf8"), othersMayRead: (mode & 0o044) !== 0 };
  } finally {
    closeSync(descriptor);
  }
}

function codeOf(error: unknown): string {
  const code: unknown = error instanceof Error && "code" in error ? error.code : undefined;
  return typeof code === "string" ? code : "unknown error";
}

function withoutUndefined(variables: Variables): Variables {
  return Object.fromEntries(Object.entries(variables).filter(([, value]) => value !== undefined));
}
