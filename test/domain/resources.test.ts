import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { toLabelSet } from "../../src/domain/labels.ts";
import { resolveRequest } from "../../src/domain/resources/request.ts";
import type { ResourceRule } from "../../src/domain/resources/rule.ts";
import { formatSize, parseSize } from "../../src/domain/resources/size.ts";
import { fillSelect } from "../../src/domain/resources/template.ts";
import { routeJob } from "../../src/domain/routing.ts";
import { qsubArguments } from "../../src/pbs/qsub.ts";
import { poolWith, SCOPE } from "../helpers/pool.ts";

const GB = 1024 ** 3;
const resources: Readonly<Record<string, ResourceRule>> = {
  nodes: { kind: "count", least: 1, most: 4, standard: 1 },
  ncpus: { kind: "count", least: 1, most: 128, standard: 1 },
  ngpus: { kind: "count", least: 0, most: 4, standard: null },
  mem: { kind: "size", least: 1, most: 235 * GB, standard: 4 * GB },
  gpu_type: { kind: "choice", values: ["A100", "v100"], standard: null },
  walltime: { kind: "duration", least: 60, most: 7_200, standard: null },
  queue: { kind: "choice", values: ["main", "develop"], standard: null },
  priority: { kind: "count", least: 0, most: 100, standard: null },
  job_priority: { kind: "choice", values: ["economy", "regular"], standard: "regular" },
};
const pool = poolWith({
  name: "derecho",
  resources,
  walltimeSeconds: 1_800,
  queue: "develop",
  select: "{nodes}:ncpus={ncpus}:ngpus={ngpus}:gpu_type={gpu_type}:mem={mem}",
  jobResources: ["job_priority={job_priority}"],
});

function resolve(...labels: string[]) {
  return resolveRequest(toLabelSet(["self-hosted", "derecho", ...labels]), pool);
}

function requestOf(...labels: string[]) {
  const resolved = resolve(...labels);
  if (resolved.kind !== "request") throw new Error(resolved.reason);
  return resolved.request;
}

function refusalOf(...labels: string[]): string {
  const resolved = resolve(...labels);
  if (resolved.kind !== "refused") throw new Error(JSON.stringify(resolved.request));
  return resolved.reason;
}

describe("resources in runs-on", () => {
  it("fills what a job does not ask for with the pool's defaults", () => {
    expect(requestOf()).toEqual({
      queue: "develop",
      select: "1:ncpus=1:mem=4gb",
      place: null,
      walltimeSeconds: 1_800,
      allocationSeconds: 1_800,
      priority: null,
      resources: ["job_priority=regular"],
    });
  });

  it("takes what a job asks for, however it writes it", () => {
    const asked = ["NCPUS=8", "Mem=16384MB", "nodes=2", "walltime=1h", "ngpus=1", "gpu_type=a100"];
    expect(requestOf(...asked, "queue=Main", "priority=5", "job_priority=economy")).toEqual({
      queue: "main",
      select: "2:ncpus=8:ngpus=1:gpu_type=A100:mem=16gb",
      place: null,
      walltimeSeconds: 3_600,
      allocationSeconds: 3_600,
      priority: 5,
      resources: ["job_priority=economy"],
    });
    expect(requestOf("walltime=00:45:00").walltimeSeconds).toBe(2_700);
  });

  it.each([
    ["ncpus=129", "is over the pool's ceiling of 128"],
    ["ncpus=0", "is under the pool's least of 1"],
    ["ncpus=-1", "must be a whole number"],
    ["ncpus=1e3", "must be a whole number"],
    ["ncpus=99999999999999999999", "must be a whole number"],
    ["ncpus=", "must be a whole number"],
    ["mem=16", "must be a size with its unit"],
    ["mem=236gb", "is over the pool's ceiling of 235gb"],
    ["mem=9999999999999999pb", "must be a size with its unit"],
    ["walltime=30", "must be a duration with its unit"],
    ["walltime=-1h", "must be a duration with its unit"],
    ["walltime=2h1s", "is over the pool's ceiling of 02:00:00"],
    ["gpu_type=h100", "must be A100 or v100"],
    ["place=excl", "asks for place, which pool derecho does not let jobs choose"],
    ["ncpus=8:host=login1", "must be a whole number"],
    ["ncpus=8\n#PBS -A other", "must be a whole number"],
    ["mem=$(id)gb", "must be a size with its unit"],
  ])("refuses %s with the label and the rule", (label, rule) => {
    expect(refusalOf(label)).toContain(rule);
    expect(refusalOf(label)).toContain(`The label "${label.split("\n")[0]}`);
  });

  it("refuses two labels for one resource, and names both", () => {
    expect(refusalOf("ncpus=4", "ncpus=8")).toBe(
      'The label "ncpus=8" asks for ncpus a second time: "ncpus=4" does already.',
    );
  });

  it("leaves out the parts of a template that have no value", () => {
    const values = new Map([
      ["ncpus", "8"],
      ["ngpus", "0"],
    ]);
    expect(fillSelect("{nodes}:ncpus={ncpus}:ngpus={ngpus}:mem={mem}", values)).toBe("1:ncpus=8");
    expect(fillSelect("1:ncpus=2+{nodes}:ncpus={ncpus}", values)).toBe("1:ncpus=2+1:ncpus=8");
    expect(fillSelect("2:ncpus=4:mem=8gb", values)).toBe("2:ncpus=4:mem=8gb");
  });

  it("reads and writes sizes without loss", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }), (bytes) => {
        expect(parseSize(formatSize(bytes))).toBe(bytes);
      }),
    );
  });
});

/** Labels as an attacker would write them: keys of ours with anything behind, and anything at all. */
const hostile = fc.oneof(
  fc.string({ unit: "binary", maxLength: 256 }),
  fc
    .tuple(
      fc.constantFrom(...Object.keys(resources), "ompthreads", "ｎcpus", "nc\u0440us"),
      fc.string({ unit: "binary", maxLength: 200 }),
    )
    .map(([key, value]) => `${key}=${value}`),
  fc
    .tuple(
      fc.constantFrom("ncpus", "mem", "walltime", "nodes", "queue", "gpu_type"),
      fc.constantFrom("8", "16gb", "1h", "main", "A100", "-1", "9e99", "0x10", "1٣", "٣"),
      fc.constantFrom(
        "",
        ";id",
        "\n#PBS -q root",
        "$(id)",
        "`id`",
        ":host=x",
        ",mem=1tb",
        "\u0000",
        " ",
      ),
    )
    .map(([key, value, tail]) => `${key}=${value}${tail}`),
);

describe("labels of outsiders", () => {
  const given = fc.array(hostile, { maxLength: 100 });

  it("never make the resolution throw; a refusal names a label of the job and a rule", () => {
    fc.assert(
      fc.property(given, (labels) => {
        const resolved = resolve(...labels);
        if (resolved.kind === "request") return;
        expect(toLabelSet(labels)).toContain(resolved.label);
        expect(resolved.reason).toMatch(
          /^The label ".*" (?:asks for|must be|is (?:over|under)) .+\.$/su,
        );
        // For a terminal, a log and a table.
        expect(resolved.reason).not.toMatch(/[\p{Cc}\p{Cf}\u2028\u2029]/u);
        expect(resolved.reason.length).toBeLessThan(1_500);
      }),
      { numRuns: 2_000 },
    );
  });

  it("let no character through to PBS that the pool did not write itself", () => {
    fc.assert(
      fc.property(given, (labels) => {
        const route = routeJob(
          { labels: toLabelSet(["self-hosted", "derecho", ...labels]), scope: SCOPE },
          [pool],
        );
        if (route.kind === "refused") return;
        const { request } = route.lane;
        const args = qsubArguments({
          name: "ghr-aaaaaaaa000",
          members: 1,
          account: "NCAR0001",
          logDirectory: "/logs",
          script: "",
          ...request,
          walltimeSeconds: request.allocationSeconds,
        });
        const shape =
          /^-C  -N ghr-aaaaaaaa000 -r n -A NCAR0001 -q (?:main|develop)(?: -p \d{1,3})? -l select=[1-4]:ncpus=\d{1,3}(?::ngpus=[1-4])?(?::gpu_type=(?:A100|v100))?:mem=\d+[kmgt]?b -l walltime=\d\d:\d\d:\d\d -l job_priority=(?:economy|regular) -j oe -k oed -o \/logs\/$/;
        expect(args.join(" ")).toMatch(shape);
      }),
      { numRuns: 2_000 },
    );
  });
});
