import Table from "cli-table3";
import { ReleaseError } from "../../runner/release/error.ts";
import type { InstalledRelease } from "../../runner/release/shelf.ts";
import { mayBeInUse } from "../../runner/release/use.ts";
import { askOldestLive, openPremises } from "./premises.ts";

/** Shows what is installed. */
export async function listRunners(): Promise<void> {
  const { shelf, stateDirectory } = openPremises();
  const releases = await shelf.list();
  if (releases.length === 0) {
    const sentence = `${shelf.directory} holds no release that was installed by this program`;
    throw new ReleaseError("mend", sentence, "run: hpc-runners runner install");
  }
  // Shown even where the instance that knows it is on another host.
  const inUse = await askOldestLive(stateDirectory).then(
    (oldest) => (each: InstalledRelease) => (mayBeInUse(each, oldest) ? "may be" : "no"),
    () => () => "unknown",
  );
  const table = new Table({
    head: ["version", "arch", "size", "installed", "verified by", "current", "in use"],
    style: { head: [], border: [], compact: true },
    colAligns: ["left", "left", "right", "left", "left", "left", "left"],
  });
  for (const each of releases) {
    const { name, facts, current } = each;
    table.push([
      name.version,
      name.architecture,
      `${Math.ceil(facts.bytes / 1e6)} MB`,
      new Date(facts.installedAt).toISOString().slice(0, 16).replace("T", " "),
      facts.vouchedBy,
      current ? "yes" : "no",
      inUse(each),
    ]);
  }
  console.log(table.toString());
}
