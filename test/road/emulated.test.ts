import { describeRoad } from "./road.ts";

describeRoad("an emulated PBS", {});
