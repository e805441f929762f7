import color from "picocolors";
import { loadConfiguration } from "../config/load.ts";
import { configurationFile } from "../config/places.ts";
import { showLabels } from "../domain/labels.ts";
import { formatWalltime } from "../domain/time.ts";
import { explainRoute, type RouteExplanation } from "../status/route-explanation.ts";

export interface ConfigExplainOptions {
  readonly file?: string;
  readonly json?: true;
}

/** Says which pool takes a job with these labels and why, and the `qsub` that follows; exit code 1 for a refusal. */
export function configExplain(labels: readonly string[], options: ConfigExplainOptions): void {
  const path = options.file ?? configurationFile(process.env, process.cwd());
  const { pools, directories } = loadConfiguration(path);
  const explanation = explainRoute(labels, pools, ({ request, identity }) => ({
    name: "ghr-NAME",
    members: 1,
    account: identity.account,
    logDirectory: `${directories.shared}/logs`,
    script: "",
    ...request,
    walltimeSeconds: request.allocationSeconds,
  }));
  if (options.json) console.log(JSON.stringify(explanation, null, 2));
  else console.log(describe(explanation));
  process.exitCode = explanation.outcome.kind === "refused" ? 1 : 0;
}

function describe({ labels, pools, outcome }: RouteExplanation): string {
  const lines = [`runs-on  ${showLabels(labels)}`];
  for (const { name, takes, why } of pools) {
    lines.push(`pool     ${takes ? color.green(name) : name} ${why}`);
  }
  if (outcome.kind === "refused") {
    return [...lines, `${color.red("refused")}  ${outcome.reason}`].join("\n");
  }
  const { request } = outcome.lane;
  for (const { key, value, from } of outcome.values) {
    lines.push(`request  ${key}=${value} (${from === "label" ? "asked for" : "default"})`);
  }
  if (!outcome.values.some(({ key }) => key === "walltime")) {
    lines.push(`request  walltime=${formatWalltime(request.walltimeSeconds)} (default)`);
  }
  lines.push(`serves   ${outcome.reuse}`);
  lines.push(`submits  ${outcome.qsub.map(shellWord).join(" ")}`);
  return lines.join("\n");
}

/** As one would type it. */
function shellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
