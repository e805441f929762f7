import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv } from "ajv";
import { parse } from "yaml";
import { describe, expect, it } from "vitest";
import type { Configuration } from "../../src/config/configuration.ts";
import { loadConfiguration } from "../../src/config/load.ts";
import { ConfigurationError } from "../../src/config/mistake.ts";
import { configurationJsonSchema } from "../../src/config/schema.ts";
import { temporaryDirectory } from "../helpers/directory.ts";

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
    expect(found).toEqual([
      {
        name: "lint",
        labels: ["derecho", "self-hosted"],
        queue: null,
        account: null,
        select: "1:ncpus=1",
        place: null,
        walltimeSeconds: 5_400,
        environment: [],
        runnerGroup: "Default",
        maxAllocations: 10,
        reuse: "never",
      },
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
