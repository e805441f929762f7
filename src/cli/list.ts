import { InvalidArgumentError, type Command } from "commander";
import type { Which } from "../status/records.ts";
import type { Source } from "./source.ts";

/** What every command that lists something takes. */
export interface ListOptions extends Which {
  readonly json: boolean;
}

export function addListOptions(command: Command, what: string): Command {
  return command
    .option("-a, --all", `also ${what} that have ended, the newest`, false)
    .option("-n, --limit <number>", "with --all: at most this many", positive, 200)
    .option("--json", "as JSON, for programs", false);
}

/** The list as JSON with where it comes from, or as `show` draws it; a remark on its source goes to standard error. */
export function printList(
  { instance, remark }: Source,
  list: { readonly total: number },
  { json, all }: ListOptions,
  { shown, show }: { readonly shown: number; readonly show: () => string },
): void {
  if (remark !== null) console.error(remark);
  if (json) return printJson({ instance, ...list });
  console.log(show());
  if (all && shown < list.total) {
    console.error(`The newest ${shown} of ${list.total}; --limit shows more.`);
  }
}

export function printJson(value: object): void {
  console.log(JSON.stringify(value, null, 2));
}

function positive(text: string): number {
  if (/^[1-9]\d{0,4}$/.test(text)) return Number(text);
  throw new InvalidArgumentError("write a whole number from 1 to 99999");
}
