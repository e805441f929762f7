import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv } from "ajv";
import { parse } from "yaml";
import { describe, expect, it } from "vitest";
import type { Configuration } from "../../src/config/configuration.ts";
import { loadConfiguration } from "../../src/config/load.ts";
import { ConfigurationError } from "../../src/config/mistake.ts";
import { configurationJsonSchema } from "../../src/config/schema.ts";
import { DEFAULT_NODE_SETTINGS } from "../../src/domain/node-settings.ts";
import { temporaryDirectory } from "../helpers/directory.ts";
import { poolWith } from "../helpers/pool.ts";

const ROOT = new URL("../../", import.meta.url).pathname;

function load(text: string): Configuration {
  const path = join(temporaryDirectory(), "hpc-runners.yml");
  writeFileSync(path, text);
  return loadConfiguration(path, { stateDirectory: "/state", home: "/home/u" });
}

function mistakesOf(text: string): ConfigurationError {
  try {
    load(text);
  } catch (error) {
    if (error instanceof ConfigurationError) return error;
    throw error;
  }
  throw new Error("No mistake was found");
}

describe("hpc-runners.yml", () => {
  it("needs labels and a walltime; all else has a default", () => {
    const {
      pools: found,
      limits,
      directories,
      pbs,
    } = load("pools:\n  lint:\n    labels: [Self-Hosted, derecho]\n    walltime: 1h30m\n");
    const walltime = { kind: "duration", least: 60, most: 5_400, standard: null } as const;
    expect(found).toEqual([
      poolWith({
        name: "lint",
        labels: ["derecho", "self-hosted"],
        walltimeSeconds: 5_400,
        resources: { walltime },
        reuse: "same-repository",
        slots: 1,
      }),
    ]);
    expect(limits.maxAllocations).toBe(100);
    expect(directories).toEqual({
      shared: "/state/shared",
      runner: "/state/runner",
      scratch: null,
    });
    expect(pbs).toEqual({
      bin: null,
      statusIntervalMs: 15_000,
      cacheAgeMs: 60_000,
      timeoutMs: 90_000,
      arrays: true,
      callsPerMinute: 120,
    });
  });

  it("is told all its mistakes at once, each with its place, its value and a cure", () => {
    const error = mistakesOf(
      [
        "pools:",
        "  one:",
        "    labels: []",
        "    walltime: 30",
        "    acount: X",
        "    select: select=1:ncpus=4; rm -rf",
        "  two:",
        "    labels: [a]",
        "    walltime: soon",
        "    max_allocations: -1",
        "limit: {}",
      ].join("\n"),
    );
    const seen = error.mistakes.map(({ path, line }) => [path, line]);
    expect(seen).toEqual([
      ["pools.one.labels", 3],
      ["pools.one.walltime", 4],
      ["pools.one.acount", 5],
      ["pools.one.select", 6],
      ["pools.two.walltime", 9],
      ["pools.two.max_allocations", 10],
      ["limit", 11],
    ]);
    expect(error.mistakes.every(({ message, cure }) => message !== "" && cure !== "")).toBe(true);
    expect(error.message).toContain("has 7 mistakes");
    expect(error.message).toMatch(/hpc-runners\.yml:5:\d+ pools\.one\.acount/);
    expect(error.message).toContain("account");
    expect(error.message).toContain('"soon"');
  });

  it("takes a pool's node before the file's, key by key", () => {
    const [first, second] = load(
      [
        "node: { https_proxy: 'http://proxy:3128', ca: ~/site.pem, stop_before: 2m }",
        "pools:",
        "  one: { labels: [a], walltime: 1h }",
        "  two:",
        "    labels: [b]",
        "    walltime: 1h",
        "    node: { stop_before: 30s, tmpdir: /fast/tmp, job_started: [/hooks/a.sh], login_shell: false }",
      ].join("\n"),
    ).pools;
    expect(first?.node).toEqual({
      ...DEFAULT_NODE_SETTINGS,
      proxy: { https: "http://proxy:3128", http: null, except: [] },
      certificates: "/home/u/site.pem",
      marginSeconds: 120,
    });
    expect(second?.node).toEqual({
      ...first?.node,
      marginSeconds: 30,
      temporary: "/fast/tmp",
      jobStarted: ["/hooks/a.sh"],
      loginShell: false,
    });
  });

  it.each([
    ["https_proxy: proxy:3128", "node.https_proxy", "with its scheme"],
    ["no_proxy: [10.0.0.0/8]", "node.no_proxy[0]", "not understood by GitHub's runner"],
    ["tmpdir: $TMPDIR", "node.tmpdir", "runner, allocation, or an absolute path"],
    ["job_started: [start.sh]", "node.job_started[0]", "absolute path of a program"],
    ["login_shell: maybe", "node.login_shell", "true or false"],
    ["stop_before: 2h", "node.stop_before", "between 10s and 1h"],
  ])("finds a mistake in node: %s", (line, path, cure) => {
    const { mistakes } = mistakesOf(`node: { ${line} }\n${pools("one", "[a]")}`);
    expect(mistakes.map((each) => each.path)).toEqual([path]);
    expect(mistakes[0]?.cure).toContain(cure);
  });

  it("says what jobs may ask for, as rules of the domain", () => {
    const { pools: found } = load(
      pools("gpu", "[x]") +
        `
    allocation_walltime: 4h
    job_resources: ["job_priority={job_priority}"]
    resources:
      nodes: { max: 4 }
      ncpus: { default: 2, max: 8 }
      mem: { max: 16gb }
      gpu_type: { values: [A100, v100], default: v100 }
      walltime: { default: 10m, max: 2h }
      job_priority: { values: [economy] }
    warm:
      - { min: 2, hours: { from: 0 8 * * 1-5, for: 10h, time_zone: America/Denver } }`,
    );
    expect(found[0]).toMatchObject({
      select: "{nodes}:ncpus={ncpus}:mem={mem}:gpu_type={gpu_type}",
      allocationSeconds: 14_400,
      resources: {
        nodes: { kind: "count", least: 1, most: 4, standard: 1 },
        ncpus: { kind: "count", least: 1, most: 8, standard: 2 },
        mem: { kind: "size", least: 1, most: 16 * 1024 ** 3, standard: null },
        gpu_type: { kind: "choice", values: ["A100", "v100"], standard: "v100" },
        walltime: { kind: "duration", least: 60, most: 7_200, standard: 600 },
        job_priority: { kind: "choice", values: ["economy"], standard: null },
      },
      warm: [{ min: 2, runsOn: ["x"], hours: { cron: "0 8 * * 1-5", seconds: 36_000 } }],
    });
  });

  it.each([
    ["resources: { ncpus: { default: 9, max: 8 } }", "resources.ncpus.default", "1 to 8"],
    ["resources: { ncpus: {} }", "resources.ncpus", "has no ceiling"],
    ["resources: { mem: { max: 16 } }", "resources.mem.max", "such as 16gb"],
    ["resources: { mem: { max: [16] } }", "resources.mem.max", "→"],
    ["resources: { gpu_type: { max: 4 } }", "resources.gpu_type", "choose from"],
    ["resources: { queue: { values: [main], max: 4 } }", "resources.queue.max", "remove it"],
    ["resources: { queue: { values: [main], default: gpu } }", "resources.queue.default", "main"],
    ["resources: { nCPUs: { max: 4 } }", "resources.nCPUs", "did you mean ncpus?"],
    ["resources: { walltime: { max: 2h, min: 3h } }", "resources.walltime.min", "more than max"],
    ["resources: { priority: { max: 2000 } }", "resources.priority.max", "1023"],
    ['select: "{nodes}:ncpus={ncpus}"', "select", "{nodes}, which this pool does not offer"],
    ["select: 1:ncpus={}", "select", "brace"],
    ["job_resources: ['x={y}']", "job_resources[0]", "{y}, which this pool does not offer"],
    ["warm: [{ min: 1, hours: { from: often, for: 1h } }]", "warm[0].hours", "five fields"],
    [
      "warm: [{ min: 1, hours: { from: 0 8 * * *, for: 1h, time_zone: Mars } }]",
      "warm[0].hours",
      "America/Denver",
    ],
  ])("refuses a pool with %s", (line, path, words) => {
    const error = mistakesOf(`${pools("a", "[x]")}\n    ${line}\n`);
    expect(error.mistakes.map((each) => each.path)).toEqual([`pools.a.${path}`]);
    expect(error.message).toContain(words);
  });

  it.each([
    ["broken YAML", "pools: [", /line|yml:1/],
    ["an empty file", "", /is empty/],
    ["two pools of the same labels", pools("a", "[x, y]") + "\n" + pool("b", "[Y, x]"), /pools\.b/],
    ["a key twice", pools("a", "[x]") + "\n    walltime: 2h\n", /yml:5:5/],
    ["a label with a control character", pools("a", '["x\\u001b[31m"]'), /labels\[0\]/],
  ])("refuses %s", (_what, text, words) => {
    const { message } = mistakesOf(text);
    expect(message).toMatch(words);
    expect(message).not.toContain("\u001b");
  });

  it("that is missing is said to be missing, with a cure", () => {
    const path = join(temporaryDirectory(), "nowhere.yml");
    expect(() => loadConfiguration(path, { stateDirectory: "/state" })).toThrow(
      /nowhere\.yml[\s\S]*→/,
    );
  });

  it("has an example that loads, and a schema for editors that is up to date and accepts it", () => {
    const example = readFileSync(join(ROOT, "hpc-runners.example.yml"), "utf8");
    expect(load(example).pools.map(({ name }) => name)).toEqual(["derecho", "derecho-gpu"]);
    const schema = JSON.parse(
      readFileSync(join(ROOT, "hpc-runners.schema.json"), "utf8"),
    ) as object;
    expect(schema).toEqual(JSON.parse(JSON.stringify(configurationJsonSchema())));
    const validate = new Ajv({ strict: false }).compile(schema);
    expect(validate(parse(example)), JSON.stringify(validate.errors)).toBe(true);
    expect(validate({ pools: { a: { labels: ["x"], walltime: "1h", acount: "" } } })).toBe(false);
  });
});

function pools(name: string, labels: string): string {
  return `pools:\n${pool(name, labels)}`;
}

function pool(name: string, labels: string): string {
  return `  ${name}:\n    labels: ${labels}\n    walltime: 1h`;
}
