import type { EmulatedJob } from "../job.ts";

/** What an id on a command line stands for. */
export type Found =
  | { readonly kind: "jobs"; readonly jobs: readonly EmulatedJob[] }
  | { readonly kind: "unknown"; readonly id: string }
  | { readonly kind: "malformed" }
  /** A subjob's index outside of its array. */
  | { readonly kind: "out-of-range"; readonly id: string };

/** Finds what `12`, `12.vm`, `12[].vm`, `12[3].vm` or `12[0-2].vm` means on this server. */
export function findJobs(
  text: string,
  jobs: ReadonlyMap<string, EmulatedJob>,
  server: string,
): Found {
  const match = /^(\d+)(\[(?:\d+(?:-\d+)?)?\])?(?:\.([^@]+))?(?:@.+)?$/.exec(text);
  if (!match) return { kind: "malformed" };
  const [, sequence = "", brackets = "", named = server] = match;
  if (named.toLowerCase() !== server.toLowerCase()) return { kind: "malformed" };
  const id = `${sequence}${brackets}.${server}`;
  const job = jobs.get(id);
  if (job) return { kind: "jobs", jobs: [job] };
  if (!jobs.has(`${sequence}[].${server}`) || brackets === "") return { kind: "unknown", id };
  const range = /^\[(\d+)-(\d+)\]$/.exec(brackets);
  if (!range) return { kind: "out-of-range", id };
  const inside = [...jobs.values()].filter(
    ({ parent, index }) =>
      parent?.id === `${sequence}[].${server}` &&
      index !== null &&
      index >= Number(range[1]) &&
      index <= Number(range[2]),
  );
  return { kind: "jobs", jobs: inside };
}
