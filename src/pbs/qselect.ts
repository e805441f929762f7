import { serverOfQueue } from "../domain/pbs-name.ts";
import { runCommand, type CommandResult, type CommandSettings } from "./command.ts";
import { troubleOf } from "./exit-code.ts";
import { jobIdsIn } from "./job-id.ts";
import type { FindOutcome } from "./pbs.ts";

/** A job name that `qselect -N` takes as it is: `*` and `?` are refused, a space would never match. */
const JOB_NAME = /^[A-Za-z][A-Za-z0-9._+-]{0,229}$/;

/**
 * `user`'s jobs of exactly this name, live or ended (`-x`), at the server of `queue` (`queue@server`), whatever queue
 * they were routed to. An array is found, its members are not (they would be with `-T`). Finding none is an answer too: exit code 0, no output.
 *
 * Where the site keeps no job history, `-x` finds nothing at all, not even what runs, and only complains on standard
 * error (PBSE_JOBHISTNOTSET 15140, yet exit code 0; measured). Then the live ones are asked for.
 */
export async function find(
  settings: CommandSettings,
  user: string,
  name: string,
  queue: string | null,
): Promise<FindOutcome> {
  if (!JOB_NAME.test(name)) return { kind: "answered", jobIds: [] };
  const server = serverOfQueue(queue);
  const criteria = [...(server === null ? [] : ["-q", `@${server}`]), "-u", user, "-N", name];
  const all = await runCommand(settings, { command: "qselect", args: ["-x", ...criteria] });
  const found = readSelection(all);
  const complained = all.kind === "exited" && all.stderr.trim() !== "";
  if (found.kind !== "answered" || found.jobIds.length > 0 || !complained) return found;
  return readSelection(await runCommand(settings, { command: "qselect", args: criteria }));
}

export function readSelection(result: CommandResult): FindOutcome {
  if (result.kind !== "exited") return result;
  if (result.code !== 0) return troubleOf(result, "asks");
  return { kind: "answered", jobIds: jobIdsIn(result.stdout) };
}
