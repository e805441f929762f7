/** Values by key, as PBS wants them. */
export type Values = ReadonlyMap<string, string>;

const PLACEHOLDER = /\{([a-z][a-z0-9_]*)\}/g;

/** The keys that a template asks for. */
export function placeholdersOf(template: string): readonly string[] {
  return [...template.matchAll(PLACEHOLDER)].map(([, key]) => key ?? "");
}

/**
 * A select statement from its template: `{nodes}:ncpus={ncpus}:ngpus={ngpus}` becomes `2:ncpus=8` where no GPUs are
 * wanted. A part between colons whose value is missing or 0 is left out; a count of chunks that is missing is 1.
 */
export function fillSelect(template: string, values: Values): string {
  return template
    .split("+")
    .map((chunk) => {
      const parts = chunk.split(":").flatMap((part) => fill(part, values) ?? []);
      return /^\d+$/.test(parts[0] ?? "") ? parts.join(":") : ["1", ...parts].join(":");
    })
    .join("+");
}

/** A job-wide resource from its template: `job_priority={job_priority}`. `null` where its value is missing. */
export function fill(template: string, values: Values): string | null {
  const keys = placeholdersOf(template);
  const wanting = keys.some((key) => (values.get(key) ?? "0") === "0");
  if (wanting) return null;
  return template.replaceAll(PLACEHOLDER, (_, key: string) => values.get(key) ?? "");
}
