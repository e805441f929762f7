import { describe, expect, it } from "vitest";
import type { Action } from "../../../src/domain/action.ts";
import type { Allocation } from "../../../src/domain/allocation.ts";
import type { PbsState } from "../../../src/domain/pbs-job.ts";
import { pbsNameOf } from "../../../src/domain/pbs-name.ts";
import { plan } from "../../../src/domain/plan/plan.ts";
import { HOUR, MINUTE } from "../../../src/domain/time.ts";
import type { World } from "../../../src/domain/world.ts";
import { laneIn, limitsWith, poolWith } from "../../helpers/pool.ts";
import { allocationIn, NOW, queuedJob, worldWith } from "./believed.ts";

const pool = poolWith({ name: "wide", slots: 4, walltimeSeconds: 600, allocationSeconds: 7_200 });
const lane = laneIn(pool);
const runsOn = ["self-hosted", "wide"];
const SERVING = { asked: 1, delivered: 1, reported: 0 };
const READY = { asked: 1, delivered: 0, reported: 0 };

function jobs(count: number, repository = "model") {
  return Array.from({ length: count }, () => queuedJob({ runsOn, repository }));
}

/** The seats of one PBS job, each with what is particular to it. */
function seats(state: PbsState, each: readonly Partial<Allocation>[], job = "ghr-aaaaaaaa000") {
  return each.map((different, seat) => {
    const name = `${job}_${seat}`;
    return allocationIn(lane, state, { name, pbsJobId: `7.${job}`, ...different });
  });
}

function actionsOf<K extends Action["kind"]>(different: Partial<World>, kind: K) {
  const world = worldWith({ pools: [pool], ...different });
  return plan(world, NOW).filter(
    (action): action is Extract<Action, { kind: K }> => action.kind === kind,
  );
}

describe("PBS jobs with several seats", () => {
  it("are as many as the jobs need, each with all its seats", () => {
    const [submit, ...others] = actionsOf({ jobs: jobs(6) }, "submit");
    expect(others).toEqual([]);
    const names = submit?.allocations.map(({ name }) => pbsNameOf(name)) ?? [];
    expect(names.map(({ index }) => index)).toEqual([0, 1, 2, 3, 0, 1, 2, 3]);
    expect(new Set(names.map(({ job }) => job)).size).toBe(2);
    const forWhom = submit?.allocations.map(({ beneficiary }) => beneficiary?.repository);
    expect(forWhom).toEqual([...Array.from({ length: 6 }, () => "model"), undefined, undefined]);
  });

  it("count as one, whoever sits in them", () => {
    const waiting = [...jobs(5, "a"), ...jobs(5, "b")];
    const [submit] = actionsOf(
      { jobs: waiting, limits: limitsWith({ maxAllocations: 2 }) },
      "submit",
    );
    expect(submit?.allocations).toHaveLength(8);
    const allocations = seats("R", [{ turns: SERVING }, { turns: SERVING }]);
    const more = { jobs: waiting, allocations, limits: limitsWith({ maxAllocations: 2 }) };
    expect(actionsOf(more, "submit")[0]?.allocations).toHaveLength(4);
  });

  it("are turns had, seat by seat: who has one is behind who has none", () => {
    // The older repository has a seat of another's PBS job.
    const allocations = seats("R", [
      { turns: SERVING, beneficiary: { repository: "c", actor: "cy" } },
      { turns: SERVING, beneficiary: { repository: "a", actor: "ada" } },
      { turns: SERVING, beneficiary: { repository: "c", actor: "cy" } },
      { turns: SERVING, beneficiary: { repository: "c", actor: "cy" } },
    ]);
    const waiting = [...jobs(1, "a"), ...jobs(1, "b")];
    const [submit] = actionsOf({ jobs: waiting, allocations }, "submit");
    const forWhom = submit?.allocations.map(({ beneficiary }) => beneficiary?.repository);
    expect(forWhom).toEqual(["b", "a", undefined, undefined]);
  });

  it("give their free seats to the next jobs before another is submitted", () => {
    const allocations = seats("R", [{ turns: SERVING }, { turns: READY }, { turns: READY }]);
    const world = { jobs: jobs(2), allocations };
    expect(actionsOf(world, "submit")).toEqual([]);
    expect(actionsOf(world, "mint-and-deliver").map(({ allocation }) => allocation)).toEqual([
      "ghr-aaaaaaaa000_1",
      "ghr-aaaaaaaa000_2",
    ]);
  });

  it("keep a free seat while another works, and let all go when none does", () => {
    const working = seats("R", [{ turns: SERVING }, { turns: READY }]);
    expect(actionsOf({ allocations: working }, "release")).toEqual([]);
    const free = seats("R", [{ turns: READY }, { turns: READY }]);
    expect(actionsOf({ allocations: free }, "release")).toHaveLength(2);
  });

  it("give no seat a job for which too little walltime is left", () => {
    const job = allocationIn(lane, "R").sighting?.job;
    if (!job) throw new Error("no job");
    const late = { at: NOW, job: { ...job, startedAt: NOW - 2 * HOUR + 9 * MINUTE } };
    const allocations = seats("R", [
      { turns: SERVING, sighting: late },
      { turns: READY, sighting: late },
    ]);
    const world = { jobs: jobs(1), allocations };
    expect(actionsOf(world, "mint-and-deliver")).toEqual([]);
    expect(actionsOf(world, "release")).toHaveLength(1);
  });

  it("are taken back as a whole, and not while a seat is needed", () => {
    const allocations = seats("Q", [{}, {}, {}, {}]);
    expect(actionsOf({ allocations, jobs: jobs(1) }, "delete")).toEqual([]);
    const [deletion] = actionsOf({ allocations }, "delete");
    expect(deletion?.allocations).toHaveLength(4);
    const [first, ...rest] = allocations;
    if (!first) throw new Error("no seat");
    const begun = [{ ...first, turns: SERVING }, ...rest];
    expect(actionsOf({ allocations: begun }, "delete")).toEqual([]);
  });

  it("end with their last seat: of the others their last word is the end", () => {
    const farewell = { cause: "served" as const, reason: "served", at: NOW - HOUR };
    const one = seats("R", [{ farewell }, { turns: SERVING }]);
    expect(actionsOf({ allocations: one }, "end")).toMatchObject([
      { allocation: "ghr-aaaaaaaa000_0", reason: "served" },
    ]);
    expect(actionsOf({ allocations: one }, "delete")).toEqual([]);
    const all = seats("R", [{ farewell }, { farewell }]);
    expect(actionsOf({ allocations: all }, "end")).toEqual([]);
    const [deletion, ...others] = actionsOf({ allocations: all }, "delete");
    expect(others).toEqual([]);
    expect(deletion?.allocations).toEqual(["ghr-aaaaaaaa000_0", "ghr-aaaaaaaa000_1"]);
    expect(actionsOf({ allocations: seats("F", [{}, {}]) }, "end")).toHaveLength(2);
  });
});
