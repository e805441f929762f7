import { z } from "zod";
import { cures } from "./values.ts";

export const runner = z
  .strictObject({
    update: z
      .enum(["daily", "never"])
      .register(cures, { cure: "write daily or never" })
      .default("daily")
      .describe(
        "daily: the release that GitHub wants is looked for each day, and installed. never: you do it (hpc-runners runner install); GitHub gives no jobs to a runner that is 30 days behind.",
      ),
    mirror: z
      .string()
      .regex(/^https?:\/\/[^\s/]\S*$/, "is no http or https address")
      .max(1024)
      .register(cures, {
        cure: "write an http or https address, such as https://mirror.example.edu/actions/runner/releases/download",
      })
      .optional()
      .describe(
        "Where releases are downloaded from instead of https://github.com/actions/runner/releases/download: below it stands v2.336.0/actions-runner-linux-x64-2.336.0.tar.gz. What is downloaded is still compared with GitHub's checksum.",
      ),
  })
  .describe("The release of GitHub's runner that allocations run.");
