import { randomBytes, timingSafeEqual } from "node:crypto";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import type { Overview } from "../status/overview.ts";
import { answer } from "./answer.ts";
import type { Route } from "./routes.ts";

/** How a program of the same user finds the running instance: other users of a login node reach loopback too. */
const ApiAccess = z.object({ url: z.url(), token: z.string() });
export type ApiAccess = Readonly<z.infer<typeof ApiAccess>>;

/** What the same version of this program sent: looked at no further. */
const Answered = z.custom<Overview>((value) => typeof value === "object" && value !== null);

const OVERVIEW_PATH = "/api/v1/overview";

/** The API's routes: what is known, for whoever shows the token. */
export function apiRoutes(token: string, overview: () => Overview): Route[] {
  const wanted = Buffer.from(`Bearer ${token}`);
  return [
    {
      method: "GET",
      path: OVERVIEW_PATH,
      handler({ request, response }) {
        const shown = Buffer.from(request.headers.authorization ?? "");
        const known = shown.length === wanted.length && timingSafeEqual(shown, wanted);
        if (known) answer(request, response, 200, { ...overview() });
        else answer(request, response, 401, { error: "a token is needed" });
      },
    },
  ];
}

export function newToken(): string {
  return randomBytes(24).toString("base64url");
}

/** Leaves the way in where the same user finds it. @returns what takes it away again. */
export function publishAccess(stateDirectory: string, access: ApiAccess): () => void {
  const path = accessPath(stateDirectory);
  rmSync(path, { force: true });
  writeFileSync(path, JSON.stringify(access), { mode: 0o600, flag: "wx" });
  return () => rmSync(path, { force: true });
}

/** `null` while no instance runs here. */
export function findAccess(stateDirectory: string): ApiAccess | null {
  try {
    return ApiAccess.parse(JSON.parse(readFileSync(accessPath(stateDirectory), "utf8")));
  } catch {
    return null;
  }
}

/** Asks a running instance. Rejects when it does not answer. */
export async function fetchOverview({ url, token }: ApiAccess): Promise<Overview> {
  const response = await fetch(new URL(OVERVIEW_PATH, url), {
    headers: { authorization: `Bearer ${token}` },
    signal: AbortSignal.timeout(10_000),
  });
  if (!response.ok) throw new Error(`The instance at ${url} answered ${response.status}`);
  return Answered.parse(await response.json());
}

function accessPath(stateDirectory: string): string {
  return join(stateDirectory, "api.json");
}
