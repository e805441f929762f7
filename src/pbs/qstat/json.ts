import type { JobAttributes } from "./job.ts";

/**
 * Reads what `qstat -f -F json` printed.
 *
 * @returns the jobs' attributes by id; `null` when it is not the JSON it should be: releases up to 23.06 write
 * backslashes, empty values, `NaN` and more without care (facts/pbs.md §0.3), and one such job spoils all.
 */
export function parseQstatJson(output: string): Map<string, JobAttributes> | null {
  const text = withoutMessages(output);
  if (text.trim() === "") return new Map();
  const document = parse(text);
  if (!isRecord(document) || !("pbs_server" in document || "timestamp" in document)) return null;
  // Nothing found, and nothing reached, look like this too: the exit code tells them apart (facts/pbs.md §0.4).
  const listed = document["Jobs"] ?? {};
  if (!isRecord(listed)) return null;
  const jobs = new Map<string, JobAttributes>();
  for (const [id, attributes] of Object.entries(listed)) {
    if (isRecord(attributes)) jobs.set(id, textsOf(attributes));
  }
  return jobs;
}

/** NCAR's cached `qstat` prints its messages among the JSON (facts/pbs.md §10.30). */
function withoutMessages(output: string): string {
  return output.replaceAll(/^qstat: .*$/gm, "");
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A number or a boolean may be a text whose form PBS misread (a job named 12345); lists and groups are not needed. */
function textsOf(attributes: Record<string, unknown>): JobAttributes {
  const texts = new Map<string, string>();
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "string") texts.set(name, value);
    if (typeof value === "number" || typeof value === "boolean") texts.set(name, String(value));
  }
  return texts;
}
