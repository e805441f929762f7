import type { JobAttributes } from "./job.ts";

/** Long enough not to occur in a comment or a host list by chance. */
export const DSV_DELIMITER = "|-";

/**
 * Reads what `qstat -f -F dsv -D "|-"` printed: one job a line, so that a job with a hostile environment spoils at
 * most its own line.
 */
export function parseQstatDsv(output: string): Map<string, JobAttributes> {
  const jobs = new Map<string, JobAttributes>();
  for (const line of output.split("\n")) {
    const [head = "", ...fields] = fieldsOf(line);
    const id = /^Job Id: (\S+)$/.exec(head)?.[1];
    if (id !== undefined) jobs.set(id, attributesIn(fields));
  }
  return jobs;
}

/** The first of a name wins: a value that holds the delimiter can then not pose as an attribute printed before it. */
function attributesIn(fields: readonly string[]): JobAttributes {
  const attributes = new Map<string, string>();
  for (const field of fields) {
    const equals = field.indexOf("=");
    const name = field.slice(0, equals);
    if (equals > 0 && !attributes.has(name)) attributes.set(name, field.slice(equals + 1));
  }
  return attributes;
}

/** In a value PBS writes a backslash before the delimiter and before a backslash, and a newline as `\n` (measured). */
function fieldsOf(line: string): string[] {
  const fields: string[] = [];
  let field = "";
  for (const part of line.split(/(\\\\|\\n|\\\|-|\|-)/)) {
    if (part === DSV_DELIMITER) {
      fields.push(field);
      field = "";
    } else field += ESCAPES.get(part) ?? part;
  }
  return [...fields, field];
}

const ESCAPES: ReadonlyMap<string, string> = new Map([
  ["\\\\", "\\"],
  ["\\n", "\n"],
  [`\\${DSV_DELIMITER}`, DSV_DELIMITER],
]);
