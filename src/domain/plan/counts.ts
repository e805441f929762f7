import type { Allocation, Beneficiary } from "../allocation.ts";
import { groupBy } from "../group.ts";
import type { Lane } from "../lane.ts";
import { pbsNameOf } from "../pbs-name.ts";
import { COUNTED_BY, type Ceiling, type CountedBy, type Limits, type Pool } from "../pool.ts";

/** How many PBS jobs and turns there are, by whom they count for; grows with each that is granted. */
export class Counts {
  readonly #limits: Limits;
  readonly #pools: ReadonlyMap<string, Pool>;
  /** Turns of each repository in each pool. */
  readonly #turns = new Map<string, number>();
  readonly #all = new Map<string, number>();
  readonly #waiting = new Map<string, number>();

  constructor(limits: Limits, pools: ReadonlyMap<string, Pool>) {
    this.#limits = limits;
    this.#pools = pools;
  }

  /** One more PBS job. */
  add(lane: Lane, beneficiary: Beneficiary | null, isWaiting: boolean): void {
    for (const key of keysOf(lane, beneficiary).values()) {
      this.#all.set(key, (this.#all.get(key) ?? 0) + 1);
      if (isWaiting) this.#waiting.set(key, (this.#waiting.get(key) ?? 0) + 1);
    }
  }

  /** One more allocation of a repository, be it a seat: no ceiling counts seats, but a turn was had. */
  takeTurn(lane: Lane, beneficiary: Beneficiary): void {
    const key = turnKey(lane, beneficiary);
    this.#turns.set(key, (this.#turns.get(key) ?? 0) + 1);
  }

  /** Of one repository in one pool. */
  turnsOf(lane: Lane, beneficiary: Beneficiary): number {
    return this.#turns.get(turnKey(lane, beneficiary)) ?? 0;
  }

  ofPool(pool: string): number {
    return this.#all.get(`pool ${pool}`) ?? 0;
  }

  /** The first ceiling that one more would break; `null` for none. */
  brokenBy(lane: Lane, beneficiary: Beneficiary | null): CountedBy | "pool" | "all" | null {
    for (const [counted, key] of keysOf(lane, beneficiary)) {
      const ceiling = this.#ceilingOf(counted, lane);
      const all = this.#all.get(key) ?? 0;
      const waiting = this.#waiting.get(key) ?? 0;
      if (all >= ceiling.maxAllocations || waiting >= ceiling.maxWaiting) return counted;
    }
    return null;
  }

  #ceilingOf(counted: CountedBy | "pool" | "all", lane: Lane): Ceiling {
    if (counted === "all") return this.#limits;
    if (counted !== "pool") return this.#limits.each[counted];
    return this.#pools.get(lane.pool) ?? NOTHING;
  }
}

/** A pool that is no longer configured. */
const NOTHING: Ceiling = { maxAllocations: 0, maxWaiting: 0 };

function turnKey(lane: Lane, { repository }: Beneficiary): string {
  return `${lane.pool}\n${lane.identity.scope.organization}/${repository}`;
}

function keysOf(
  lane: Lane,
  beneficiary: Beneficiary | null,
): ReadonlyMap<CountedBy | "pool" | "all", string> {
  const { scope, account } = lane.identity;
  const names: Readonly<Record<CountedBy, string | null>> = {
    repository: beneficiary && `${scope.organization}/${beneficiary.repository}`,
    user: beneficiary?.actor ?? null,
    account,
    organization: scope.organization,
  };
  const keys = new Map<CountedBy | "pool" | "all", string>([
    ["all", "all"],
    ["pool", `pool ${lane.pool}`],
  ]);
  for (const counted of COUNTED_BY) {
    const name = names[counted];
    if (name !== null) keys.set(counted, `${counted} ${name.toLowerCase()}`);
  }
  return keys;
}

/** What there is already. Seats of one PBS job count as one: for whom it was submitted, and waiting until one has started. */
export function countAll(
  limits: Limits,
  pools: ReadonlyMap<string, Pool>,
  allocations: readonly Allocation[],
  isWaiting: (allocation: Allocation) => boolean,
): Counts {
  const counts = new Counts(limits, pools);
  const jobs = groupBy(allocations, ({ name, lane }) =>
    lane.slots > 1 ? pbsNameOf(name).job : name,
  );
  for (const seats of jobs.values()) {
    const [first] = seats;
    if (!first) continue;
    const beneficiary = seats.find((each) => each.beneficiary !== null)?.beneficiary ?? null;
    counts.add(first.lane, beneficiary, seats.every(isWaiting));
    for (const seat of seats) {
      if (seat.beneficiary) counts.takeTurn(seat.lane, seat.beneficiary);
    }
  }
  return counts;
}
