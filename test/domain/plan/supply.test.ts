import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { adoptAllocation } from "../../../src/domain/allocation.ts";
import type { Action } from "../../../src/domain/action.ts";
import { plan } from "../../../src/domain/plan/plan.ts";
import type { World } from "../../../src/domain/world.ts";
import { HOUR, MINUTE, SECOND } from "../../../src/domain/time.ts";
import { laneIn, limitsWith, poolWith, SCOPE } from "../../helpers/pool.ts";
import { allocationIn, idleRunner, NOW, queuedJob, usedAllocation, worldWith } from "./believed.ts";

const pool = poolWith({ name: "small", maxAllocations: 100, maxWaiting: 100 });
const lane = laneIn(pool);
const runsOn = ["self-hosted", "small"];

function actionsOf<K extends Action["kind"]>(world: World, kind: K) {
  return plan(world, NOW).filter(
    (action): action is Extract<Action, { kind: K }> => action.kind === kind,
  );
}

/** For whom the plan submits, in its order: `repository/actor`. */
function submittedFor(world: World): string[] {
  return actionsOf(world, "submit").flatMap(({ allocations }) =>
    allocations.map(({ beneficiary }) =>
      beneficiary ? `${beneficiary.repository}/${beneficiary.actor}` : "nobody",
    ),
  );
}

function jobsOf(repository: string, count: number, actor = "ada") {
  return Array.from({ length: count }, () => queuedJob({ runsOn, repository, actor }));
}

function countOf(names: readonly string[], start: string): number {
  return names.filter((name) => name.startsWith(start)).length;
}

describe("ceilings", () => {
  const jobs = [...jobsOf("a", 5, "ada"), ...jobsOf("a", 5, "bea"), ...jobsOf("b", 5, "ada")];

  it.each([
    ["none", {}, 15],
    ["all", { maxAllocations: 4 }, 4],
    ["waiting", { maxWaiting: 3 }, 3],
    ["each repository", { repository: { maxAllocations: 2, maxWaiting: 9 } }, 4],
    ["each repository's waiting", { repository: { maxAllocations: 9, maxWaiting: 1 } }, 2],
    ["each user", { user: { maxAllocations: 3, maxWaiting: 9 } }, 6],
    ["each account", { account: { maxAllocations: 5, maxWaiting: 9 } }, 5],
    ["each organization", { organization: { maxAllocations: 6, maxWaiting: 9 } }, 6],
  ])("of %s: %o", (_whom, ceilings, expected) => {
    const charged = poolWith({ ...pool, account: "NCAR0001" });
    const world = worldWith({ pools: [charged], jobs, limits: limitsWith(ceilings) });
    expect(submittedFor(world)).toHaveLength(expected);
  });

  it("of a pool count what waits and what runs", () => {
    const narrow = poolWith({ ...pool, maxAllocations: 4, maxWaiting: 2 });
    const allocations = [
      allocationIn(laneIn(narrow), "R", { turns: { asked: 1, delivered: 1, reported: 0 } }),
      allocationIn(laneIn(narrow), "Q"),
    ];
    const world = worldWith({ pools: [narrow], jobs, allocations });
    expect(submittedFor(world)).toHaveLength(1);
    expect(submittedFor({ ...world, allocations: allocations.slice(0, 1) })).toHaveLength(2);
    expect(submittedFor({ ...world, allocations: allocations.slice(1) })).toHaveLength(1);
  });

  it("of one user do not hold up another's job of the same repository", () => {
    const limits = limitsWith({ user: { maxAllocations: 2, maxWaiting: 2 } });
    const submitted = submittedFor(worldWith({ pools: [pool], jobs, limits }));
    expect(countOf(submitted, "a/bea")).toBe(2);
  });

  it("are never exceeded, whatever there is", () => {
    const repository = fc.constantFrom("a", "b", "c");
    const actor = fc.constantFrom("ada", "bea", null);
    const most = fc.integer({ min: 1, max: 5 });
    fc.assert(
      fc.property(
        fc.array(fc.record({ repository, actor }), { maxLength: 30 }),
        fc.array(fc.record({ repository, actor, state: fc.constantFrom("Q", "R") }), {
          maxLength: 6,
        }),
        fc.record({ all: most, waiting: most, repository: most, user: most, pool: most }),
        (wanted, there, ceiling) => {
          const narrow = poolWith({ ...pool, maxAllocations: ceiling.pool });
          const allocations = there.map(({ state, ...beneficiary }) =>
            allocationIn(laneIn(narrow), state, { beneficiary }),
          );
          const world = worldWith({
            pools: [narrow],
            allocations,
            jobs: wanted.map((each) => queuedJob({ runsOn, ...each })),
            limits: limitsWith({
              maxAllocations: ceiling.all,
              maxWaiting: ceiling.waiting,
              repository: { maxAllocations: ceiling.repository, maxWaiting: 99 },
              user: { maxAllocations: ceiling.user, maxWaiting: 99 },
            }),
          });
          const granted = actionsOf(world, "submit").flatMap((each) => each.allocations);
          if (granted.length === 0) return;
          const all = [...allocations, ...granted].map((each) => each.beneficiary);
          expect(all.length).toBeLessThanOrEqual(Math.min(ceiling.all, ceiling.pool));
          for (const { beneficiary } of granted) {
            const same = all.filter((each) => each?.repository === beneficiary?.repository);
            expect(same.length).toBeLessThanOrEqual(ceiling.repository);
            const theirs = all.filter((each) => each?.actor === beneficiary?.actor);
            if (beneficiary?.actor !== null) {
              expect(theirs.length).toBeLessThanOrEqual(ceiling.user);
            }
          }
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe("fair turns", () => {
  it("go round between repositories, however many jobs one has and however old they are", () => {
    const jobs = [...jobsOf("many", 50), ...jobsOf("few", 3)];
    const narrow = poolWith({ ...pool, maxAllocations: 10 });
    const submitted = submittedFor(worldWith({ pools: [narrow], jobs }));
    expect(countOf(submitted, "few")).toBe(3);
    expect(countOf(submitted, "many")).toBe(7);
  });

  it("go to the one that has the least already", () => {
    const narrow = poolWith({ ...pool, maxAllocations: 4 });
    const busy = { turns: { asked: 1, delivered: 1, reported: 0 } };
    const allocations = [1, 2, 3].map(() =>
      allocationIn(laneIn(narrow), "R", { ...busy, beneficiary: { repository: "a", actor: null } }),
    );
    const jobs = [...jobsOf("a", 5), ...jobsOf("b", 5)];
    expect(submittedFor(worldWith({ pools: [narrow], allocations, jobs }))).toEqual(["b/ada"]);
  });
});

describe("reuse", () => {
  const lasting = { walltimeSeconds: 600, allocationSeconds: 3_600, idleSeconds: 120 } as const;
  const reusing = poolWith({ ...pool, ...lasting, reuse: "same-repository" });
  const itsLane = laneIn(reusing);

  function worldOf(
    used: ReturnType<typeof usedAllocation>,
    jobs: World["jobs"],
    pools = [reusing],
  ) {
    return worldWith({ pools, jobs, allocations: [used.allocation], runners: [used.runner] });
  }

  it("gives the next job of the repository to the allocation that served it, and asks PBS for none", () => {
    const used = usedAllocation(itsLane, { endedAgo: SECOND });
    const world = worldOf(used, [queuedJob({ runsOn })]);
    expect(actionsOf(world, "mint-and-deliver")).toMatchObject([
      { allocation: used.allocation.name, turn: 2 },
    ]);
    expect(actionsOf(world, "submit")).toEqual([]);
  });

  it("keeps it from a lane in which another repository's job waits, which gets its own", () => {
    const used = usedAllocation(itsLane, { endedAgo: SECOND });
    const world = worldOf(used, [queuedJob({ runsOn, repository: "other" })]);
    expect(actionsOf(world, "mint-and-deliver")).toEqual([]);
    expect(submittedFor(world)).toEqual(["other/ada"]);
    // It could only be paid for.
    expect(actionsOf(world, "release")).toHaveLength(1);
    const anyone = poolWith({ ...reusing, reuse: "lane" });
    expect(actionsOf({ ...world, pools: [anyone] }, "mint-and-deliver")).toHaveLength(1);
  });

  it("lets it wait for its next job as long as the pool says", () => {
    const resting = usedAllocation(itsLane, { endedAgo: 119 * SECOND });
    expect(actionsOf(worldOf(resting, []), "release")).toEqual([]);
    const rested = usedAllocation(itsLane, { endedAgo: 120 * SECOND });
    expect(actionsOf(worldOf(rested, []), "release")).toHaveLength(1);
  });

  it("ends when less is left than a job may need", () => {
    const job = queuedJob({ runsOn });
    for (const [minutes, mints] of [
      [49, 1],
      [51, 0],
    ] as const) {
      const used = usedAllocation(itsLane, { endedAgo: SECOND });
      const started = NOW - minutes * MINUTE;
      const { sighting } = used.allocation;
      const allocation = {
        ...used.allocation,
        sighting: sighting && { ...sighting, job: { ...sighting.job, startedAt: started } },
      };
      const world = worldOf({ ...used, allocation }, [job]);
      expect(actionsOf(world, "mint-and-deliver")).toHaveLength(mints);
      expect(actionsOf(world, "release")).toHaveLength(1 - mints);
    }
  });

  it("releases one that served nobody and is not needed at once", () => {
    const fresh = allocationIn(itsLane, "R", { announcedAt: NOW });
    expect(
      actionsOf(worldWith({ pools: [reusing], allocations: [fresh] }), "release"),
    ).toHaveLength(1);
  });
});

describe("a GitHub in trouble", () => {
  it("is not asked to delete runners that nobody needs any more, until it is time", () => {
    const allocation = allocationIn(lane, "R", { turns: { asked: 1, delivered: 1, reported: 0 } });
    const hold = { subject: "installation:7", failures: 1, until: NOW + 1, reason: "429" };
    const runners = [idleRunner(allocation)];
    const world = worldWith({ pools: [pool], allocations: [allocation], runners });
    expect(actionsOf(world, "deregister")).toHaveLength(1);
    expect(actionsOf({ ...world, holds: [hold] }, "deregister")).toEqual([]);
    expect(plan({ ...world, holds: [hold] }, NOW + 1).map(({ kind }) => kind)).toEqual([
      "deregister",
    ]);
  });
});

describe("runners", () => {
  it("of one allocation serve one job, though a name was taken and another is being made", () => {
    const allocation = allocationIn(lane, "R");
    const name = `${allocation.name}-2`;
    const first = idleRunner(allocation, { state: "minted", deliveredAt: null });
    const second = idleRunner(allocation, { name, state: "minting", deliveredAt: null });
    const world = worldWith({
      pools: [pool],
      jobs: jobsOf("model", 2),
      allocations: [allocation],
      runners: [first, second],
      inFlight: new Set([`mint-and-deliver:${name}`]),
    });
    expect(submittedFor(world)).toHaveLength(1);
  });
});

it("runners of a lost store's allocations are not deleted before the time that GitHub asks us to wait", () => {
  const adopted = adoptAllocation("ghr-adopted0000", true, NOW - HOUR);
  const idle = idleRunner(adopted, { deliveredAt: NOW - HOUR });
  const allocations = [{ ...adopted, submission: "accepted" as const, pbsJobId: "7.vm" }];
  const world = worldWith({ pools: [pool], allocations, runners: [idle] });
  const hold = { subject: "installation:7", failures: 1, until: NOW + 1, reason: "403" };
  expect(actionsOf(world, "deregister")).toHaveLength(1);
  expect(actionsOf({ ...world, holds: [hold] }, "deregister")).toEqual([]);
  const refused = { ...idle, checks: { times: 1, last: NOW - SECOND } };
  expect(actionsOf({ ...world, runners: [refused] }, "deregister")).toEqual([]);
});

describe("warm allocations", () => {
  const hours = { cron: "0 8 * * 1-5", timeZone: "America/Denver", seconds: 36_000 };
  const rule = { runsOn: lane.labels, organization: null, min: 2, hours: null };
  const warm = poolWith({ ...pool, warm: [rule] });

  it("are kept beyond what jobs need, and no more", () => {
    const world = worldWith({ pools: [warm] });
    expect(submittedFor(world)).toEqual(["nobody", "nobody"]);
    const waiting = [allocationIn(laneIn(warm), "Q"), allocationIn(laneIn(warm), "R")];
    expect(plan({ ...world, allocations: waiting }, NOW)).toEqual([]);
    const jobs = [queuedJob({ runsOn })];
    const actions = plan({ ...world, allocations: waiting, jobs }, NOW);
    expect(actions.map(({ kind }) => kind)).toEqual(["mint-and-deliver", "submit"]);
    const surplus = [...waiting, allocationIn(laneIn(warm), "R")];
    expect(plan({ ...world, allocations: surplus }, NOW).map(({ kind }) => kind)).toEqual([
      "delete",
    ]);
  });

  it.each([
    [20 * MINUTE, "mint-and-deliver"],
    [50 * MINUTE, "mint-and-deliver"],
    [51 * MINUTE, "release"],
  ])("that started %d ms ago serve only jobs whose whole walltime is left", (ago, expected) => {
    const long = poolWith({ ...warm, walltimeSeconds: 600, allocationSeconds: 3_600 });
    const started = allocationIn(laneIn(long), "R");
    const { sighting } = started;
    const rested = {
      ...started,
      beneficiary: null,
      sighting: sighting && { ...sighting, job: { ...sighting.job, startedAt: NOW - ago } },
    };
    const world = worldWith({ pools: [long], allocations: [rested] });
    const [first] = plan({ ...world, jobs: [queuedJob({ runsOn })] }, NOW);
    expect(first?.kind).toBe(expected);
    // One that was submitted for this job, and lost its time to a slow GitHub, serves it still.
    const meant = { ...rested, beneficiary: started.beneficiary };
    const [other] = plan({ ...world, allocations: [meant], jobs: [queuedJob({ runsOn })] }, NOW);
    expect(other?.kind).toBe("mint-and-deliver");
  });

  it("come after jobs when a ceiling is near", () => {
    const narrow = poolWith({ ...warm, maxAllocations: 2 });
    const jobs = [queuedJob({ runsOn })];
    const world = worldWith({ pools: [narrow], jobs });
    expect(submittedFor(world)).toEqual(["model/ada", "nobody"]);
  });

  it.each([
    ["2026-11-24T14:59:00Z", 0], // Tuesday 07:59 in Denver
    ["2026-11-24T15:00:00Z", 2],
    ["2026-11-25T00:59:00Z", 2],
    ["2026-11-25T01:00:00Z", 0],
    ["2026-11-28T18:00:00Z", 0], // Saturday
  ])("are kept in their hours, by their time zone: at %s %i", (at, expected) => {
    const pools = [poolWith({ ...pool, warm: [{ ...rule, hours }] })];
    const submitted = plan(worldWith({ pools }), Date.parse(at)).flatMap((action) =>
      action.kind === "submit" ? action.allocations : [],
    );
    expect(submitted).toHaveLength(expected);
  });

  it("are not guessed at while it is not known for which organization", () => {
    const two = [SCOPE, { installationId: 8, organization: "other" }];
    expect(plan(worldWith({ pools: [warm], scopes: [] }), NOW)).toEqual([]);
    expect(plan(worldWith({ pools: [warm], scopes: two }), NOW)).toEqual([]);
    const named = poolWith({ ...pool, warm: [{ ...rule, organization: "Other" }] });
    const submits = actionsOf(worldWith({ pools: [named], scopes: two }), "submit");
    expect(submits.map((each) => each.lane.identity.scope.installationId)).toEqual([8]);
  });
});
