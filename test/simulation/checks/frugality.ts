import type { Look } from "./check.ts";

/** Pauses that may begin at one moment: each action that ends wakes the loop. */
const PAUSES_AT_ONCE = 200;

/** 7: one observation of PBS a tick and none of GitHub, whatever the number of jobs; no busy loop. */
export function frugality(): Look {
  let moment = 0;
  let pauses = 0;
  return (sighting, { clock, epoch, scenario, github, pbs, lives }) => {
    if (sighting.kind === "pause") {
      pauses = clock.now() === moment ? pauses + 1 : 1;
      moment = clock.now();
      return pauses > PAUSES_AT_ONCE ? `${pauses} ticks at one moment` : null;
    }
    if (sighting.kind === "status" && sighting.servers > 1)
      return "one question to several servers";
    if (sighting.kind !== "end") return null;
    const ticks = Math.ceil((clock.now() - epoch) / scenario.statusInterval) + lives;
    for (const [server, calls] of pbs.statusCalls) {
      if (calls > ticks + 1) return `${calls} questions to ${server} in ${ticks} ticks`;
    }
    // A handful for each job and each start; a mint that was not answered is asked about for a quarter of an hour.
    const most = 40 + 20 * github.jobs.size + 20 * lives + 16 * github.mints;
    return github.calls > most ? `${github.calls} calls of GitHub` : null;
  };
}
