import { createServer } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import type { Logger } from "pino";
import { answer } from "./answer.ts";
import { matchRoute, splitTarget } from "./routes.ts";
import type { Handler, Route } from "./routes.ts";
import { webhookHandler } from "./webhook.ts";
import type { Webhook } from "./webhook.ts";

/** What `/healthz` says. Anything but `ok` is answered with 503. */
export interface Health {
  readonly status: "ok" | "degraded" | "stopping";
  readonly [detail: string]: unknown;
}

export interface FrontOptions {
  readonly webhook: Webhook;
  /** Further rooms: dashboard, API, metrics. None may take a path twice. */
  readonly routes?: readonly Route[];
  /** Default: always ok. */
  readonly health?: () => Health | Promise<Health>;
  readonly log: Logger;
  /** Milliseconds. Default 30 s for a whole request: GitHub itself gives up after 10 s. */
  readonly requestTimeoutMs?: number;
}

export interface Front {
  /** Starts to listen; resolves with the address, rejects with the system's error (`EADDRINUSE`, …). */
  start(at: { readonly host: string; readonly port: number }): Promise<AddressInfo>;
  /**
   * Takes no more connections, waits for the requests under way, and cuts those that last longer than `deadlineMs`.
   *
   * @returns whether all of them were answered.
   */
  stop(deadlineMs: number): Promise<boolean>;
}

/** The only HTTP server of this program: GitHub's webhooks, `/healthz`, and whatever routes are given. */
export function createFront(options: FrontOptions): Front {
  const { webhook, log, routes = [], requestTimeoutMs = 30_000 } = options;
  const table: readonly Route[] = [
    {
      method: "POST",
      path: splitTarget(webhook.path).path,
      handler: webhookHandler(webhook, log),
    },
    { method: "GET", path: "/healthz", handler: healthHandler(options) },
    ...routes,
  ];
  refuseDuplicates(table);
  const underWay = new Set<Promise<void>>();
  const server = createServer(
    {
      requestTimeout: requestTimeoutMs,
      headersTimeout: Math.min(10_000, requestTimeoutMs),
      // How often Node looks for connections over these limits; its own 30 s would let them live twice as long.
      connectionsCheckingInterval: Math.min(5_000, requestTimeoutMs),
      keepAliveTimeout: 5_000,
    },
    (request, response) => {
      if (!server.listening) response.setHeader("connection", "close");
      // A request that was under way when we stopped leaves a connection that its client would keep open.
      response.once("close", () => {
        if (!server.listening) server.closeIdleConnections();
      });
      const visit = serve(table, request, response, log);
      underWay.add(visit);
      void visit.finally(() => underWay.delete(visit));
    },
  );
  // Well below a user's usual limit of 1024 open files.
  server.maxConnections = 256;
  return {
    start: (at) => listen(server, at, log),
    stop: (deadlineMs) => close(server, underWay, deadlineMs, log),
  };
}

function refuseDuplicates(table: readonly Route[]): void {
  const seen = new Set<string>();
  for (const { method, path } of table) {
    const key = `${method} ${path}`;
    if (seen.has(key)) throw new Error(`Two routes for ${key}`);
    seen.add(key);
  }
}

/** Never rejects. */
async function serve(
  table: readonly Route[],
  request: IncomingMessage,
  response: ServerResponse,
  log: Logger,
): Promise<void> {
  const method = request.method ?? "";
  const { path, query } = splitTarget(request.url ?? "");
  response.on("error", (err) => log.debug({ err }, "An answer could not be sent"));
  request.on("error", (err) => log.debug({ err }, "A request broke off"));
  const match = matchRoute(table, method, path);
  if (match.kind === "none") return answer(request, response, 404, { error: "not found" });
  if (match.kind === "wrong method") {
    const allow = match.allowed.join(", ");
    return answer(request, response, 405, { error: "method not allowed" }, { allow });
  }
  try {
    await match.handler({ request, response, path, query });
    log.debug({ method, path, status: response.statusCode }, "Request answered");
  } catch (err) {
    log.error({ err, method, path }, "A request could not be answered");
    if (response.headersSent) response.destroy();
    else answer(request, response, 500, { error: "internal error" });
  }
}

function healthHandler({ health = () => ({ status: "ok" }), log }: FrontOptions): Handler {
  return async ({ request, response }) => {
    try {
      const found = await health();
      answer(request, response, found.status === "ok" ? 200 : 503, found);
    } catch (err) {
      log.error({ err }, "The state of health could not be told");
      answer(request, response, 503, { status: "degraded" });
    }
  };
}

function listen(
  server: Server,
  at: { readonly host: string; readonly port: number },
  log: Logger,
): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(at.port, at.host, () => {
      server.off("error", reject);
      server.on("error", (err) => log.error({ err }, "The HTTP server has a problem"));
      const address = server.address();
      if (address === null || typeof address === "string")
        reject(new Error("Not listening on TCP"));
      else resolve(address);
    });
  });
}

async function close(
  server: Server,
  underWay: ReadonlySet<Promise<void>>,
  deadlineMs: number,
  log: Logger,
): Promise<boolean> {
  const closed = new Promise<true>((resolve) => {
    server.close(() => resolve(true)); // also when it never listened
  });
  const over = new AbortController();
  const late = delay(deadlineMs, false as const, { signal: over.signal }).catch(
    () => false as const,
  );
  // A handler may outlive its connection: what it stores must not find the store closed.
  const answered = await Promise.race([closed.then(() => Promise.all(underWay)), late]);
  over.abort();
  if (answered === false) {
    log.warn({ requests: underWay.size }, "Requests were cut off by the end of the program");
    server.closeAllConnections();
    await closed;
  }
  return answered !== false;
}
