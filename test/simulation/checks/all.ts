import { absence } from "./absence.ts";
import { ceilings } from "./ceilings.ts";
import type { Invariant, Look } from "./check.ts";
import { crashes } from "./crashes.ts";
import { fairness } from "./fairness.ts";
import { frugality } from "./frugality.ts";
import { lanes } from "./lanes.ts";
import { leftovers, neverBusy } from "./leftovers.ts";
import { life } from "./life.ts";
import { outsiders, secrets } from "./secrets.ts";
import { sameEnd, served } from "./served.ts";

/** Every invariant's check, new for one history. */
export const CHECKS: Readonly<Record<Invariant, () => Look>> = {
  "0 the program lives": life,
  "1 served or refused": served,
  "2 no ceiling exceeded": ceilings,
  "3 nothing left": leftovers,
  "3 never a busy runner": neverBusy,
  "4 only to its own lane": lanes,
  "5 the same end": sameEnd,
  "6 a crash loses nothing and repeats nothing": crashes,
  "7 one observation a tick": frugality,
  "8 missing is not gone": absence,
  "9 no secret is told": secrets,
  "10 outsiders' text stays text": outsiders,
  "11 fair turns": fairness,
};
