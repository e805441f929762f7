import { readFileSync } from "node:fs";
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import type { Exchange } from "../../src/emulator/github/server.ts";

interface Description {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: object;
}

interface Operation {
  readonly requestBody?: Body;
  readonly responses?: Readonly<Record<string, Body & { readonly $ref?: string }>>;
}

interface Body {
  readonly content?: Readonly<Record<string, unknown>>;
}

const extract = JSON.parse(
  readFileSync(new URL("../fixtures/github/openapi.json", import.meta.url), "utf8"),
  (_key, value: unknown) => withoutNullable(toAlternatives(value)),
) as { readonly rest: Description; readonly webhooks: Description };

/** Octokit writes "a user or an enterprise" as both at once, for the sake of its types. */
function toAlternatives(value: unknown): unknown {
  if (typeof value !== "object" || value === null || !("allOf" in value)) return value;
  const { allOf, ...rest } = value;
  const titles = JSON.stringify(allOf);
  const both = titles.includes('"Simple User"') && titles.includes('"Enterprise"');
  return both ? { ...rest, anyOf: allOf } : value;
}

/** OpenAPI 3.0 says `nullable` where JSON Schema lists null as one more type. */
function withoutNullable(value: unknown): unknown {
  if (typeof value !== "object" || value === null || !("nullable" in value)) return value;
  const { nullable, ...schema } = value;
  return nullable === true ? { anyOf: [{ type: "null" }, schema] } : schema;
}

/** GitHub's own description of its API and its webhooks, as it was extracted by scripts/extract-openapi.ts. */
class Checker {
  readonly #description: Description;
  readonly #ajv: Ajv2020;
  readonly #compiled = new Map<string, ValidateFunction>();

  constructor(description: Description) {
    this.#description = description;
    // OpenAPI has words of its own that are no JSON Schema.
    this.#ajv = new Ajv2020({ strict: false, allErrors: true, discriminator: false });
    addFormats.default(this.#ajv);
    // GitHub calls templates (…{/sha}) and empty texts URIs.
    this.#ajv.addFormat("uri", true);
    this.#ajv.addFormat("uri-template", true);
    this.#ajv.addSchema({ $id: "github", components: description.components });
  }

  operation(path: string, method: string): Operation {
    const found = this.#description.paths[path]?.[method.toLowerCase()];
    if (!found) throw new Error(`GitHub's description has no ${method} ${path}`);
    return found;
  }

  /** The mistakes in a value, by the schema at a place of the description; empty for none. */
  mistakes(pointer: string, body: Body | undefined, value: unknown): string[] {
    const json = body?.content?.["application/json"];
    if (typeof json !== "object" || json === null || !("schema" in json)) {
      return value === undefined || value === null ? [] : [`${pointer}: no body is described`];
    }
    const validate = this.#compile(pointer, json.schema);
    if (validate(value)) return [];
    return (validate.errors ?? []).map((each) => {
      return `${pointer}${each.instancePath}: ${each.message ?? ""} ${JSON.stringify(each.params)}`;
    });
  }

  response(reference: string): Body {
    const name = reference.split("/").at(-1) ?? "";
    const { responses } = this.#description.components as { responses: Record<string, Body> };
    return responses[name] ?? {};
  }

  #compile(pointer: string, schema: unknown): ValidateFunction {
    const known = this.#compiled.get(pointer);
    if (known) return known;
    const absolute = JSON.parse(
      JSON.stringify(schema).replaceAll('"#/components/', '"github#/components/'),
    ) as object;
    const compiled = this.#ajv.compile(absolute);
    this.#compiled.set(pointer, compiled);
    return compiled;
  }
}

const rest = new Checker(extract.rest);
const webhooks = new Checker(extract.webhooks);

/** What of a call and its answer is not as GitHub describes it. */
export function mistakesOfExchange(exchange: Exchange): string[] {
  const { method, path, requestBody, status, responseBody } = exchange;
  const operation = rest.operation(path, method);
  const pointer = `${method} ${path}`;
  const described = operation.responses?.[String(status)];
  // GitHub answers 401, 403, 5xx everywhere without describing it.
  if (!described) return status >= 400 ? [] : [`${pointer}: no answer ${status} is described`];
  const answer = described.$ref === undefined ? described : rest.response(described.$ref);
  return [
    // What GitHub refuses need not be as it describes it.
    ...(requestBody === null || status >= 400
      ? []
      : rest.mistakes(`${pointer} request`, operation.requestBody, requestBody)),
    ...rest.mistakes(`${pointer} ${status}`, answer, responseBody),
  ];
}

/** What of a webhook's payload is not as GitHub describes it. */
export function mistakesOfEvent(event: string, action: string, payload: unknown): string[] {
  const name = `${event}-${action}`.replaceAll("_", "-");
  const { requestBody } = webhooks.operation(name, "post");
  return webhooks.mistakes(name, requestBody, payload);
}
