import { screenOf } from "../status/screen.ts";
import { statusPage } from "../status/status-page.ts";
import { moment } from "../status/times.ts";
import { printJson } from "./list.ts";
import { withSource } from "./source.ts";

/** As `systemctl status` has it for a program that is not running. */
const NOT_RUNNING = 3;

/** Says whether an instance runs, how its pools fare, and what is paused. */
export async function status({ json }: { json: boolean }): Promise<void> {
  await withSource(async ({ records, instance, runs, remark }) => {
    const seen = await records.status();
    if (!runs) process.exitCode = NOT_RUNNING;
    if (json) return printJson({ runs, instance, remark, ...seen });
    const first =
      instance === null
        ? remark
        : `hpc-runners ${instance.version} runs on ${instance.host} (process ${instance.pid}) since ${moment(instance.startedAt, seen.at)}, at ${instance.url}.`;
    console.log(`${first}\n\n${statusPage(seen, screenOf(process.stdout))}`);
  });
}
