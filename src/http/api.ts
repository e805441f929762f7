import { timingSafeEqual } from "node:crypto";
import type { Overview } from "../status/overview.ts";
import type { Records, Which } from "../status/records.ts";
import { answer } from "./answer.ts";
import type { Handler, Route, Visit } from "./routes.ts";

export const API = {
  overview: "/api/v1/overview",
  status: "/api/v1/status",
  jobs: "/api/v1/jobs",
  allocations: "/api/v1/allocations",
} as const;

/** The instance that answers. */
export interface InstanceView {
  readonly version: string;
  readonly host: string;
  readonly pid: number;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  readonly url: string;
}

export interface ApiOptions {
  readonly token: string;
  readonly overview: () => Overview;
  readonly records: Records;
  /** Asked when it listens. */
  readonly instance: () => InstanceView;
}

/** The API's routes: what is known, for whoever shows the token. */
export function apiRoutes({ token, overview, records, instance }: ApiOptions): Route[] {
  const gets: Readonly<Record<string, (visit: Visit) => Promise<object>>> = {
    [API.overview]: () => Promise.resolve(overview()),
    [API.status]: async () => ({ ...(await records.status()), instance: instance() }),
    [API.jobs]: ({ query }) => records.jobs(whichOf(query)),
    [API.allocations]: ({ query }) => records.allocations(whichOf(query)),
    [`${API.allocations}/*`]: async ({ path }) => ({
      allocations: await records.allocation(decode(path.slice(API.allocations.length + 1))),
    }),
  };
  return Object.entries(gets).map(([path, get]) => ({
    method: "GET",
    path,
    handler: guarded(token, async (visit) => {
      answer(visit.request, visit.response, 200, { ...(await get(visit)) });
    }),
  }));
}

function guarded(token: string, handler: Handler): Handler {
  const wanted = Buffer.from(`Bearer ${token}`);
  return (visit) => {
    const { request, response } = visit;
    const shown = Buffer.from(request.headers.authorization ?? "");
    const known = shown.length === wanted.length && timingSafeEqual(shown, wanted);
    return known ? handler(visit) : answer(request, response, 401, { error: "a token is needed" });
  };
}

/** At most this many of a list, whatever is asked for: the answer is made in one piece, and the loop waits for it. */
const MOST = 10_000;

function whichOf(query: URLSearchParams): Which {
  const limit = Math.trunc(Number(query.get("limit") ?? MOST));
  return { all: query.get("all") === "1", limit: limit >= 1 ? Math.min(limit, MOST) : MOST };
}

/** What cannot be decoded names nothing. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return "";
  }
}
