import { describe, it } from "vitest";
import { describeRoad } from "../../road/road.ts";
import { realPbs } from "./found.ts";

if ("qsub" in realPbs) describeRoad(`the PBS of this machine (${realPbs.qsub})`, { realPbs: true });
else
  describe.skip(`the road on a real PBS: ${realPbs.missing}`, () =>
    it("is skipped", () => undefined));
