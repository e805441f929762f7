import { readdirSync } from "node:fs";
import { join } from "node:path";
import { ReleaseError } from "../../../src/runner/release/error.ts";
import { temporaryDirectory } from "../../helpers/directory.ts";
import { Site } from "./site.ts";

export async function open(): Promise<Site> {
  return Site.open(join(temporaryDirectory(), "runner"));
}

/** What stands where allocations look. */
export function visible(site: Site): string[] {
  return readdirSync(site.shelf.directory).filter((each) => each !== ".drafts");
}

export function drafts(site: Site): string[] {
  return readdirSync(site.shelf.drafts);
}

export async function failure(work: Promise<unknown>): Promise<ReleaseError> {
  const error = await work.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (error instanceof ReleaseError) return error;
  throw new Error(`It was not refused as it should be: ${String(error)}`);
}

export const FILE = "actions-runner-linux-x64-2.336.0.tar.gz";
