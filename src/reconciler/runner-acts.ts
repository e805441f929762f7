import { hasHad, phaseOf } from "../domain/allocation.ts";
import { foundBusy, intendRunner, type Runner } from "../domain/runner.ts";
import type { GitHubTrouble, MintOutcome } from "../github/github.ts";
import type { ActContext, ActionOf } from "./act-context.ts";
import { closeHandoff } from "./handoff-end.ts";
import { heedGitHub } from "./holds.ts";

/** What is done to registrations at GitHub, and the handing over of their configuration. */
export class RunnerActs {
  readonly #context: ActContext;

  constructor(context: ActContext) {
    this.#context = context;
  }

  async mintAndDeliver(action: ActionOf<"mint-and-deliver">): Promise<void> {
    const { store, ports } = this.#context;
    const allocation = store.allocations.get(action.allocation);
    if (!allocation) return;
    const { scope, runnerGroup } = allocation.lane.identity;
    const runner = intendRunner(
      {
        name: action.runner,
        scope,
        allocation: allocation.name,
        turn: action.turn,
        intendedJobId: action.jobId,
      },
      ports.clock.now(),
    );
    store.transaction(() => {
      const mints = { times: allocation.mints.times + 1, last: ports.clock.now() };
      store.saveAllocation({ ...allocation, mints });
      store.saveRunner(runner);
    });
    const { labels } = allocation.lane;
    const outcome = await ports.github.mint({ scope, name: runner.name, labels, runnerGroup });
    heedGitHub(this.#context, scope, withTaken(outcome, runner.name));
    if (outcome.kind === "minted") await this.#deliver(runner, outcome);
    else await this.#settleFailure(runner, outcome);
  }

  async #deliver(
    runner: Runner,
    { runnerId, jitConfig }: MintOutcome & { kind: "minted" },
  ): Promise<void> {
    const { store, ports, log } = this.#context;
    const minted: Runner = { ...runner, id: runnerId, state: "minted" };
    store.saveRunner(minted);
    const before = store.allocations.get(runner.allocation);
    // It may have ended while GitHub made up its mind. The plan deletes what was minted in vain.
    if (!before || before.endedAt !== null || phaseOf(before) !== "ready") return;
    await ports.handoff.deliver(runner.allocation, runner.turn, jitConfig);
    log.info({ allocation: runner.allocation, runner: runner.name, runnerId }, "Runner delivered");
    store.transaction(() => {
      const allocation = store.allocations.get(runner.allocation) ?? before;
      const { turns } = allocation;
      store.saveAllocation({
        ...allocation,
        turns: {
          ...turns,
          asked: Math.max(turns.asked, runner.turn),
          delivered: Math.max(turns.delivered, runner.turn),
        },
      });
      const current = store.runners.get(runner.name) ?? minted;
      store.saveRunner({
        ...current,
        id: runnerId,
        state: "delivered",
        deliveredAt: ports.clock.now(),
      });
    });
  }

  async #settleFailure(
    runner: Runner,
    outcome: Exclude<MintOutcome, { kind: "minted" }>,
  ): Promise<void> {
    const { log } = this.#context;
    // 409: it exists under this name, which the plan looks up and deletes; the next attempt has another name.
    if (outcome.kind === "name-taken") {
      log.warn({ runner: runner.name }, "A runner of this name exists already");
      return;
    }
    if (outcome.kind !== "unknown") await this.#gone(runner);
  }

  async find({ runner: name }: ActionOf<"find-runner">): Promise<void> {
    const { store, ports } = this.#context;
    const asked = store.runners.get(name);
    if (!asked) return;
    const outcome = await ports.github.findRunner(asked.scope, name);
    heedGitHub(this.#context, asked.scope, outcome);
    const runner = store.runners.get(name);
    if (!runner || runner.state !== "minting") return;
    const last = ports.clock.now();
    if (outcome.kind === "found") {
      store.saveRunner({
        ...runner,
        id: outcome.runnerId,
        state: "minted",
        checks: { times: 0, last: null },
      });
    } else if (outcome.kind === "absent") {
      store.saveRunner({ ...runner, checks: { times: runner.checks.times + 1, last } });
    }
  }

  async deregister({ runner: name, reason }: ActionOf<"deregister">): Promise<void> {
    const { store, ports, log } = this.#context;
    const asked = store.runners.get(name);
    if (!asked || asked.id === null) return;
    const outcome = await ports.github.deleteRunner(asked.scope, asked.id);
    heedGitHub(this.#context, asked.scope, outcome);
    const runner = store.runners.get(name) ?? asked;
    if (outcome.kind === "gone") {
      log.info({ runner: name, reason }, "Runner deregistered");
      await this.#gone(runner);
      return;
    }
    const now = ports.clock.now();
    const known = outcome.kind === "busy" ? foundBusy(runner, now) : runner;
    const allocation = store.allocations.get(runner.allocation);
    store.transaction(() => {
      store.saveRunner({ ...known, checks: { times: runner.checks.times + 1, last: now } });
      if (outcome.kind === "busy" && allocation && allocation.endedAt === null) {
        store.saveAllocation(hasHad(allocation, runner.turn));
      }
    });
  }

  async forget({ runner: name }: ActionOf<"forget-runner">): Promise<void> {
    const runner = this.#context.store.runners.get(name);
    if (runner) await this.#gone(runner);
  }

  async #gone(runner: Runner): Promise<void> {
    const { store, ports } = this.#context;
    store.saveRunner({ ...runner, state: "gone", goneAt: ports.clock.now() });
    await closeHandoff(this.#context, runner.allocation);
  }
}

/** Once, a name that is taken heals itself by another name; time and again, it is a trouble like others. */
function withTaken(outcome: MintOutcome, name: string): MintOutcome | GitHubTrouble {
  if (outcome.kind !== "name-taken") return outcome;
  return { kind: "unknown", reason: `GitHub says that a runner named ${name} exists already` };
}
