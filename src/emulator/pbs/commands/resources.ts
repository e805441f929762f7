/** What PBS says to a resource request it cannot read: exit code and text after `qsub: `. */
export interface Refusal {
  readonly code: number;
  readonly text: string;
}

export interface ResourceRequest {
  readonly select: string;
  readonly place: string;
  readonly ncpus: number;
  readonly walltimeSeconds: number | null;
}

const BUILT_IN: ReadonlySet<string> = new Set(
  "arch host mem mpiprocs ncpus ngpus nodect ompthreads vmem vnode".split(" "),
);

/** Reads the `-l` options: `select=…`, `place=…`, `walltime=…`, or job-wide `ncpus=…` and `mem=…`. */
export function readResources(
  lists: readonly string[],
  siteResources: readonly string[],
): ResourceRequest | Refusal {
  const wanted = new Map<string, string>();
  for (const list of lists) {
    for (const [name, value] of entriesOf(list)) if (!wanted.has(name)) wanted.set(name, value);
  }
  const known = new Set([...BUILT_IN, ...siteResources]);
  for (const name of wanted.keys()) {
    if (name === "select" || name === "place" || name === "walltime") continue;
    if (!known.has(name)) return unknown(`Resource_List.${name}`, " ");
    if (wanted.has("select")) return mixed(name);
  }
  const select = wanted.get("select") ?? `1:ncpus=${wanted.get("ncpus") ?? "1"}`;
  const ncpus = countCpus(select, known);
  if (typeof ncpus !== "number") return ncpus;
  const place = wanted.get("place") ?? (wanted.has("select") ? "free" : "pack");
  if (!/^(free|pack|scatter|vscatter)(:(excl|exclhost|shared|group=\w+))*$/.test(place)) {
    return illegal("Resource_List.place");
  }
  const walltime = wanted.get("walltime");
  const walltimeSeconds = walltime === undefined ? null : readDuration(walltime);
  if (Number.isNaN(walltimeSeconds)) return illegal("Resource_List.walltime");
  return { select, place, ncpus, walltimeSeconds };
}

/** A `select` holds commas of nobody else's: only job-wide lists are split. */
function entriesOf(list: string): [string, string][] {
  const parts = list.startsWith("select=") || list.startsWith("place=") ? [list] : list.split(",");
  return parts.map((part) => {
    const equals = part.indexOf("=");
    return equals === -1 ? [part, ""] : [part.slice(0, equals), part.slice(equals + 1)];
  });
}

function countCpus(select: string, known: ReadonlySet<string>): number | Refusal {
  let total = 0;
  for (const chunk of select.split("+")) {
    const [first = "", ...others] = chunk.split(":");
    const counted = /^\d+$/.test(first);
    let ncpus = 1;
    for (const part of counted ? others : [first, ...others]) {
      const [name = "", value] = part.split("=", 2);
      if (value === undefined || value === "" || !/^\w+$/.test(name))
        return illegal("Resource_List.select");
      if (!known.has(name)) return unknown(name, ": ");
      if (/^(ncpus|ngpus|mpiprocs|ompthreads)$/.test(name) && !/^\d+$/.test(value)) {
        return illegal(`select.${name}`);
      }
      if (/^v?mem$/.test(name) && !/^\d+([kmgtp]?[bw])?$/i.test(value)) {
        return illegal(`select.${name}`);
      }
      if (name === "ncpus") ncpus = Number(value);
    }
    total += (counted ? Number(first) : 1) * ncpus;
  }
  return total;
}

/** Seconds of `HH:MM:SS`, `MM:SS` or a bare number; NaN for anything else. */
export function readDuration(text: string): number {
  if (!/^\d+(:\d+){0,2}$/.test(text)) return Number.NaN;
  return text.split(":").reduce((total, part) => total * 60 + Number(part), 0);
}

function illegal(what: string): Refusal {
  return { code: 166, text: `Illegal attribute or resource value ${what}` };
}

function unknown(what: string, between: string): Refusal {
  return { code: 187, text: `Unknown resource${between}${what}` };
}

function mixed(name: string): Refusal {
  return {
    code: 5,
    text: `"-lresource=" cannot be used with "select" or "place", resource is: ${name}`,
  };
}
