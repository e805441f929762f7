import { z } from "zod";
import { MINUTE, SECOND } from "../../domain/time.ts";
import { directory, duration } from "./values.ts";

export const github = z
  .strictObject({
    timeout: duration(SECOND, 15 * MINUTE)
      .prefault("60s")
      .describe("How long one call of GitHub's API may take."),
    ca: directory()
      .optional()
      .describe(
        "File (PEM) of the certificate authorities that are trusted besides the well-known ones, for GitHub and for downloads: where a site's proxy looks into TLS, or for a GitHub of your own.",
      ),
  })
  .describe("How GitHub is spoken to.");
