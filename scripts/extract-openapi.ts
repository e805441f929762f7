/**
 * Writes test/fixtures/github/openapi.json: of GitHub's OpenAPI description the paths, and of its webhook description
 * the events, that this project uses, with every schema they refer to. The packages have 385 and 36 MB and so are no
 * dependency: `npm pack @octokit/openapi @octokit/openapi-webhooks`, unpack both, and
 *
 *     npx tsx scripts/extract-openapi.ts <openapi directory> <openapi-webhooks directory>
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const PATHS = [
  "/app",
  "/app/hook/deliveries",
  "/app/hook/deliveries/{delivery_id}",
  "/app/hook/deliveries/{delivery_id}/attempts",
  "/app/installations",
  "/app/installations/{installation_id}/access_tokens",
  "/installation/repositories",
  "/orgs/{org}/actions/runners",
  "/orgs/{org}/actions/runners/downloads",
  "/orgs/{org}/actions/runners/generate-jitconfig",
  "/orgs/{org}/actions/runners/{runner_id}",
  "/repos/{owner}/{repo}/actions/jobs/{job_id}",
  "/repos/{owner}/{repo}/actions/runs",
  "/repos/{owner}/{repo}/actions/runs/{run_id}",
  "/repos/{owner}/{repo}/actions/runs/{run_id}/jobs",
];
const WEBHOOKS = [
  "workflow-job-queued",
  "workflow-job-waiting",
  "workflow-job-in-progress",
  "workflow-job-completed",
];
/** Texts for people, and samples: most of the description's size. */
const LEFT_OUT = new Set([
  "description",
  "examples",
  "example",
  "x-github",
  "externalDocs",
  "summary",
]);

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
type Description = { [key: string]: Json };

const [openapi = "", webhooks = ""] = process.argv.slice(2);
const rest = read(openapi, "generated/api.github.com.json");
const hooks = read(webhooks, "generated/api.github.com.json");
const extract = {
  "@octokit/openapi": versionOf(openapi),
  "@octokit/openapi-webhooks": versionOf(webhooks),
  rest: close(rest, pick(at(rest, "paths"), [...PATHS, ...runnerGroups(rest)])),
  webhooks: close(hooks, pick(at(hooks, "webhooks"), WEBHOOKS)),
};
writeFileSync("test/fixtures/github/openapi.json", `${JSON.stringify(extract)}\n`);

/** Runner groups of an organization are in the description of Enterprise Cloud only. */
function runnerGroups(from: Description): string[] {
  const paths = at(from, "paths");
  const cloud = at(read(openapi, "generated/ghec.json"), "paths");
  const path = "/orgs/{org}/actions/runner-groups";
  const found = cloud[path];
  if (found !== undefined && paths[path] === undefined) {
    paths[path] = found;
    Object.assign(components(from), {
      ...components(read(openapi, "generated/ghec.json")),
      ...components(from),
    });
  }
  return [path];
}

function components(from: Description): Description {
  return at(at(from, "components"), "schemas");
}

function read(directory: string, file: string): Description {
  return JSON.parse(readFileSync(join(directory, file), "utf8")) as Description;
}

function versionOf(directory: string): Json {
  return read(directory, "package.json")["version"] ?? null;
}

function at(from: Description, key: string): Description {
  const found = from[key];
  if (typeof found !== "object" || found === null || Array.isArray(found))
    throw new Error(`no ${key}`);
  return found;
}

function pick(from: Description, keys: readonly string[]): Description {
  return Object.fromEntries(
    keys.map((key) => {
      const found = from[key];
      if (found === undefined) throw new Error(`The description has no ${key}`);
      return [key, strip(found)];
    }),
  );
}

/** What was picked, with all components it refers to, directly or not. */
function close(from: Description, picked: Description): Json {
  const found: { [kind: string]: { [name: string]: Json } } = {};
  const waiting: Json[] = [picked];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    for (const [, kind = "", name = ""] of JSON.stringify(next).matchAll(
      /"#\/components\/(\w+)\/([\w.-]+)"/g,
    )) {
      const group = (found[kind] ??= {});
      if (group[name] !== undefined) continue;
      const component = at(at(from, "components"), kind)[name];
      if (component === undefined) throw new Error(`The description has no ${kind} ${name}`);
      const stripped = strip(component);
      group[name] = stripped;
      waiting.push(stripped);
    }
  }
  return { paths: picked, components: found };
}

function strip(value: Json, isProperties = false): Json {
  if (Array.isArray(value)) return value.map((each) => strip(each));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      // A property may be called "description" itself.
      .filter(([key]) => isProperties || !LEFT_OUT.has(key))
      .map(([key, each]) => [key, strip(each, key === "properties" && !isProperties)]),
  );
}
