import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

/** The `qsub` on PATH, or why there is none to test against. */
export const realPbs: { readonly qsub: string } | { readonly missing: string } = find();

function find(): typeof realPbs {
  if (process.getuid?.() === 0) return { missing: "PBS takes no jobs from root" };
  for (const directory of (process.env["PATH"] ?? "").split(delimiter)) {
    const qsub = join(directory, "qsub");
    try {
      accessSync(qsub, constants.X_OK);
      return { qsub };
    } catch {
      // Not here.
    }
  }
  return { missing: "there is no qsub on PATH" };
}
