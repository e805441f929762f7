import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fillRelease } from "../../src/emulator/runner/layout.ts";
import type { Benchmark, Figure } from "./figure.ts";
import { runAllocation, writeListener, type Course } from "./node/allocation.ts";
import { openReflinks } from "./node/filesystem.ts";

type Method = Course["root"]["method"];

export const node: Benchmark = {
  name: "node",
  about:
    "an allocation from its start to its runner's, with a release of GitHub's layout and file counts (bin 250 files, 110 MB; externals 6600 files, 400 MB), files in the page cache",
  async run(rounds, { scale }) {
    const base = await mkdtemp(join(tmpdir(), "hpc-runners-bench-"));
    try {
      return await measure(base, rounds, scale);
    } finally {
      execFileSync("chmod", ["-R", "u+w", base]);
      await rm(base, { recursive: true, force: true });
    }
  },
};

/** One way of making a root: a release, on a filesystem, that leaves only this way. */
interface Way {
  readonly method: Method;
  readonly directory: string;
  readonly release: string;
  readonly courses: Course[];
  /** Milliseconds of copying the whole release, as one does without shared externals. */
  readonly copies: number[];
}

async function measure(base: string, rounds: number, scale: number): Promise<readonly Figure[]> {
  const reflinks = await openReflinks(base);
  try {
    const plain = await prepare(join(base, "copy"), "copy", scale);
    const linked = await prepare(join(base, "hardlink"), "hardlink", scale);
    const ways = [plain, linked];
    if ("directory" in reflinks) {
      ways.push(await prepare(join(reflinks.directory, "reflink"), "reflink", scale));
    }
    for (let round = 0; round < rounds; round++) {
      for (const way of ways) {
        way.courses.push(await runAllocation(way.directory, way.release));
        way.copies.push(await copyAll(way));
      }
    }
    const figures = ways.map(rootFigure);
    const missing = "why" in reflinks ? [unmeasured(reflinks.why)] : [];
    return [...figures, ...missing, ...courseFigures(ways.flatMap(({ courses }) => courses))];
  } finally {
    if ("directory" in reflinks) await reflinks.close();
  }
}

async function prepare(directory: string, method: Method, scale: number): Promise<Way> {
  const release = join(directory, "release");
  await mkdir(release, { recursive: true });
  await writeListener(release, directory);
  await fillRelease(release, scale);
  // Where a file may be written to, none is linked; a release that hpc-runners installed is write-protected.
  if (method === "hardlink") execFileSync("chmod", ["-R", "a-w", join(release, "bin")]);
  return { method, directory, release, courses: [], copies: [] };
}

async function copyAll({ directory, release }: Way): Promise<number> {
  const target = join(directory, "whole");
  const began = performance.now();
  execFileSync("cp", ["-R", "--reflink=never", release, target]);
  const took = performance.now() - began;
  execFileSync("chmod", ["-R", "u+w", target]);
  await rm(target, { recursive: true });
  return took;
}

function rootFigure({ method, courses, copies }: Way): Figure {
  const used = new Set(courses.map(({ root }) => root.method));
  const other = [...used].filter((each) => each !== method);
  const note = other.length > 0 ? { note: `made by ${other.join(", ")} here` } : {};
  return {
    name: `root by ${method}`,
    unit: "ms",
    samples: courses.map(({ root }) => root.milliseconds),
    baseline: { name: "ms, copying the whole release", samples: copies },
    goal: { of: "median", at: "most", value: 1_000 },
    ...note,
  };
}

function unmeasured(why: string): Figure {
  return { name: "root by reflink", unit: "ms", samples: [], note: `not measured: ${why}` };
}

function courseFigures(courses: readonly Course[]): readonly Figure[] {
  const part = (name: string, of: (course: Course) => number): Figure => {
    return { name, unit: "ms", samples: courses.map(of) };
  };
  return [
    {
      ...part("start of the allocation to start of the runner", ({ total }) => total),
      goal: { of: "median", at: "most", value: 2_000 },
      note: "GitHub answers at once here, and the root is made while it does. PBS's own start of a job comes before.",
    },
    part("… script starts, checks the node, and asks", ({ asks }) => asks),
    part("… the program lists the inbox (each second)", ({ heard }) => heard),
    part("… the script sees its runner (each second)", ({ seen }) => seen),
    part("… the runner's process starts", ({ starts }) => starts),
  ];
}
