import { randomBytes } from "node:crypto";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";

/** How a program of the same user finds the running instance: other users of a login node reach loopback too. */
const ApiAccess = z.object({ url: z.url(), token: z.string() });
export type ApiAccess = Readonly<z.infer<typeof ApiAccess>>;

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

function accessPath(stateDirectory: string): string {
  return join(stateDirectory, "api.json");
}
