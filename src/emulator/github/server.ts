import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { json } from "node:stream/consumers";
import { setTimeout as wait } from "node:timers/promises";
import type { ApiAnswer, ApiCall, ApiRoute } from "./api.ts";
import type { Releases } from "../releases/releases.ts";
import type { Authentication } from "./authentication.ts";
import type { ApiFaults } from "./faults.ts";
import type { RunnerService } from "./runner-service.ts";

/** One call of the API and its answer, for whoever checks both against GitHub's description. */
export interface Exchange {
  readonly method: string;
  /** The route, as GitHub's description writes it. */
  readonly path: string;
  readonly requestBody: unknown;
  readonly status: number;
  readonly responseBody: unknown;
}

export interface ServerOptions {
  readonly authentication: Authentication;
  readonly faults: ApiFaults;
  readonly releases: Releases;
  readonly onExchange: (exchange: Exchange) => void;
}

/** Where Octokit looks for the API of a GitHub Enterprise Server. */
export const API_PREFIX = "/api/v3";

/** The emulated GitHub's HTTP server, on loopback. Its routes come later: they need its address. */
export class GitHubServer {
  routes: readonly ApiRoute[] = [];
  runnerService: RunnerService | null = null;
  /** Calls by route, those that failed too. */
  readonly calls = new Map<string, number>();
  readonly #options: ServerOptions;
  readonly #server: Server;

  constructor(options: ServerOptions) {
    this.#options = options;
    this.#server = createServer((request, response) => {
      this.#serve(request, response).catch((error: unknown) => {
        if (!response.headersSent) send(response, 500, { message: String(error) }, {});
      });
    });
    // As GitHub's do, a connection outlives any pause of the client.
    this.#server.keepAliveTimeout = 60_000;
  }

  /** @returns the port. */
  listen(): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(0, "127.0.0.1", () => {
        const address = this.#server.address();
        if (address === null || typeof address === "string") reject(new Error("Not listening"));
        else resolve(address.port);
      });
    });
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
    this.#server.closeAllConnections();
    await closed;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? "/", "http://localhost");
    const body = await json(request).catch(() => null);
    if (this.#options.faults.down) request.socket.destroy();
    else if (url.pathname.startsWith("/_runner/")) {
      await this.runnerService?.handle(request, response, url.pathname, body);
    } else if (url.pathname.startsWith(`${API_PREFIX}/`)) {
      await this.#callApi(request, response, url, body);
    } else if (this.#options.releases.handles(url.pathname)) {
      await this.#options.releases.serve(request, response, url.pathname);
    } else send(response, 404, { message: "Not Found" }, {});
  }

  async #callApi(
    request: IncomingMessage,
    response: ServerResponse,
    url: URL,
    body: unknown,
  ): Promise<void> {
    const path = url.pathname.slice(API_PREFIX.length);
    const found = this.#find(request.method ?? "", path);
    if (!found) return send(response, 404, { message: "Not Found" }, {});
    const { route, parameters } = found;
    const name = `${route.method} ${route.path}`;
    this.calls.set(name, (this.calls.get(name) ?? 0) + 1);
    const fault = this.#options.faults.take(name);
    if (fault?.kind === "hang") return;
    if (fault?.kind === "slow") await wait(fault.ms, undefined, { ref: false });
    const answer = complete(
      fault?.kind === "answer"
        ? { ...fault, body: { message: fault.message ?? "A fault of the emulated GitHub" } }
        : this.#answer(request, route, { parameters, query: url.searchParams, body }),
    );
    if (fault?.kind === "lose-answer") return void request.socket.destroy();
    this.#options.onExchange({
      method: route.method,
      path: route.path,
      requestBody: body,
      status: answer.status,
      responseBody: answer.body === undefined ? undefined : JSON.parse(stringify(answer.body)),
    });
    const base = `http://${request.headers.host ?? ""}${API_PREFIX}`;
    const { link, ...headers }: Readonly<Record<string, string>> = answer.headers ?? {};
    send(response, answer.status, answer.body, {
      ...headers,
      ...(link === undefined ? {} : { link: link.replace("{api}", base).replace("{path}", path) }),
    });
  }

  #answer(request: IncomingMessage, route: ApiRoute, call: ApiCall): ApiAnswer {
    const caller = this.#options.authentication.callerOf(request.headers.authorization);
    if (caller === null) return { status: 401, body: { message: "Bad credentials" } };
    if (caller !== route.caller) {
      return { status: 403, body: { message: "Resource not accessible by integration" } };
    }
    return route.handler(call);
  }

  #find(method: string, path: string) {
    for (const route of this.routes) {
      if (route.method !== method) continue;
      const parameters = matchPath(route.path, path);
      if (parameters) return { route, parameters };
    }
    return null;
  }
}

/** Every error of GitHub names its status and a page about it. */
function complete(answer: ApiAnswer): ApiAnswer {
  if (answer.status < 400 || typeof answer.body !== "object") return answer;
  const about = { documentation_url: "https://docs.github.com/rest", status: `${answer.status}` };
  return { ...answer, body: { ...answer.body, ...about } };
}

function matchPath(template: string, path: string): Record<string, string> | null {
  const wanted = template.split("/");
  const given = path.split("/");
  if (wanted.length !== given.length) return null;
  const parameters: Record<string, string> = {};
  for (const [index, part] of wanted.entries()) {
    const value = decodeURIComponent(given[index] ?? "");
    if (part.startsWith("{")) parameters[part.slice(1, -1)] = value;
    else if (part !== value) return null;
  }
  return parameters;
}

function send(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>>,
): void {
  if (response.destroyed) return;
  response.writeHead(status, {
    "content-type": "application/json; charset=utf-8",
    "x-github-request-id": randomUUID(),
    ...headers,
  });
  response.end(body === undefined ? undefined : stringify(body));
}

/** JSON with ids beyond 2^53 written out as numbers, as GitHub writes those of deliveries. */
function stringify(value: unknown): string {
  const mark = "\u0001";
  const text = JSON.stringify(value, (_key, each: unknown) =>
    typeof each === "bigint" ? `${mark}${each}${mark}` : each,
  );
  return text.replaceAll(/"\\u0001(\d+)\\u0001"/g, "$1");
}
