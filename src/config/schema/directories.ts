import { z } from "zod";
import { directory } from "./values.ts";

export const directories = z
  .strictObject({
    shared: directory()
      .optional()
      .describe(
        "Handoff and logs. Compute nodes must see it under the same path. Default: shared in the state directory.",
      ),
    runner: directory()
      .optional()
      .describe(
        "Where releases of GitHub's runner are installed (hpc-runners runner install); compute nodes must see it. Default: runner in the state directory.",
      ),
    scratch: directory()
      .optional()
      .describe("Where on a compute node runners do their work. Default: the PBS job's $TMPDIR."),
  })
  .describe("Where things are kept.");
