import { describe, it } from "vitest";
import { describePbs } from "../contract.ts";
import { realPbs } from "./found.ts";

if ("qsub" in realPbs) {
  describePbs(`the PBS of this machine (${realPbs.qsub})`, () =>
    Promise.resolve({ binDirectory: null, shared: "home", close: () => Promise.resolve() }),
  );
} else {
  describe.skip(`the driver on a real PBS: ${realPbs.missing}`, () =>
    it("is skipped", () => undefined));
}
