import type { IncomingMessage, ServerResponse } from "node:http";

/** A request as a route's handler gets it. */
export interface Visit {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Without the query; not decoded. */
  readonly path: string;
  readonly query: URLSearchParams;
}

/** Answers a request in full. What it throws becomes a 500 that tells the client nothing. */
export type Handler = (visit: Visit) => void | Promise<void>;

export interface Route {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  /** Whole (`/metrics`), or a beginning (`/jobs/*`) that takes everything below it. */
  readonly path: string;
  readonly handler: Handler;
}

export type Match =
  | { readonly kind: "found"; readonly handler: Handler }
  | { readonly kind: "wrong method"; readonly allowed: readonly string[] }
  | { readonly kind: "none" };

/** Finds what answers a request. Whole paths win over beginnings, longer beginnings over shorter. HEAD counts as GET. */
export function matchRoute(routes: readonly Route[], method: string, path: string): Match {
  const fitting = routes
    .filter((route) => fits(route.path, path))
    .toSorted((a, b) => precedence(b.path) - precedence(a.path));
  const wanted = method === "HEAD" ? "GET" : method;
  const found = fitting.find((route) => route.method === wanted);
  if (found) return { kind: "found", handler: found.handler };
  if (fitting.length === 0) return { kind: "none" };
  const allowed = fitting.flatMap((route) =>
    route.method === "GET" ? ["GET", "HEAD"] : [route.method],
  );
  return { kind: "wrong method", allowed: [...new Set(allowed)] };
}

function fits(pattern: string, path: string): boolean {
  if (!pattern.endsWith("/*")) return pattern === path;
  return path.startsWith(pattern.slice(0, -1));
}

function precedence(pattern: string): number {
  return pattern.endsWith("/*") ? pattern.length : Number.MAX_SAFE_INTEGER;
}

/** Path and query of a request line's target. A slash at the end does not count; nothing here can throw. */
export function splitTarget(target: string): {
  readonly path: string;
  readonly query: URLSearchParams;
} {
  const mark = target.indexOf("?");
  const whole = mark === -1 ? target : target.slice(0, mark);
  const path = whole.length > 1 && whole.endsWith("/") ? whole.slice(0, -1) : whole;
  return { path, query: new URLSearchParams(mark === -1 ? "" : target.slice(mark + 1)) };
}
