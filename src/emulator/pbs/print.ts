import type { Attributes, Value } from "./attributes.ts";
import { VERSION } from "./wire.ts";

/** JSON as PBS prints it: tabs, a tab after each colon. */
export function printJson(server: string, section: string | null, content: Attributes): string {
  return `${json(
    {
      timestamp: Math.floor(Date.now() / 1_000),
      pbs_version: VERSION,
      pbs_server: server,
      // Nothing found is printed without the section (facts/pbs.md §0.4).
      ...(section === null || Object.keys(content).length === 0 ? {} : { [section]: content }),
    },
    1,
  )}\n`;
}

function json(value: Value, depth: number): string {
  if (typeof value !== "object") return JSON.stringify(value);
  if (isList(value)) return `[${value.map((each) => JSON.stringify(each)).join(", ")}]`;
  const inner = "\t".repeat(depth);
  const lines = Object.entries(value).map(
    ([name, each]) => `${inner}${JSON.stringify(name)}:\t${json(each, depth + 1)}`,
  );
  return `{\n${lines.join(",\n")}${lines.length === 0 ? "" : "\n"}${"\t".repeat(depth - 1)}}`;
}

function isList(value: Value): value is readonly string[] {
  return Array.isArray(value);
}

/** One job a line: `Job Id: 157.vm|Job_Name=m1|…`. */
export function printDsv(id: string, attributes: Attributes, delimiter: string): string {
  const escape = (text: string): string =>
    text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n").replaceAll(delimiter, `\\${delimiter}`);
  const fields = flat(attributes).map(([name, text]) => `${name}=${escape(text)}`);
  return `${[`Job Id: ${id}`, ...fields].join(delimiter)}\n`;
}

/** `qstat -f`: folded at 79 columns. */
export function printText(id: string, attributes: Attributes): string {
  const lines = flat(attributes).map(([name, text]) => fold(`    ${name} = ${text}`));
  return `Job Id: ${id}\n${lines.join("\n")}\n\n`;
}

function fold(line: string): string {
  const folded = [line.slice(0, 78)];
  for (let at = 78; at < line.length; at += 70) folded.push(line.slice(at, at + 70));
  return folded.join("\n\t");
}

/** Groups other than the variables are printed one by one: `Resource_List.ncpus`. */
function flat(attributes: Attributes): [string, string][] {
  return Object.entries(attributes).flatMap(([name, value]): [string, string][] => {
    if (typeof value !== "object") return [[name, String(value)]];
    const entries = Object.entries(value).map(([key, each]) => [key, plain(each)] as const);
    if (name === "Variable_List") {
      return [[name, entries.map(([key, text]) => `${key}=${text}`).join(",")]];
    }
    return entries.map(([key, text]) => [`${name}.${key}`, text]);
  });
}

/** A value of a group: groups are not nested more deeply. */
export function plain(value: Value): string {
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

export interface Row {
  readonly id: string;
  readonly name: string;
  readonly user: string;
  readonly time: string;
  readonly state: string;
  readonly queue: string;
}

/** `qstat` without options; nothing at all when there is no job. */
export function printTable(rows: readonly Row[]): string {
  if (rows.length === 0) return "";
  const head = `Job id            Name             User              Time Use S Queue
----------------  ---------------- ----------------  -------- - -----
`;
  const lines = rows.map(({ id, name, user, time, state, queue }) => {
    const right = `${time.padStart(8)} ${state} ${cut(queue, 16)}`;
    return `${cut(id, 17)} ${cut(name, 16)} ${cut(user, 16)}  ${right}\n`;
  });
  return head + lines.join("");
}

function cut(text: string, width: number): string {
  return text.slice(0, width).padEnd(width);
}
