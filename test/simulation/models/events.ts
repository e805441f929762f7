import { MINUTE, SECOND } from "../../../src/domain/time.ts";
import type { Delivery } from "../../../src/intake/intake.ts";
import { delay, hostile, type Surroundings } from "../world.ts";
import type { ModelJob } from "./actions.ts";

export const SCOPE = { installationId: 7, organization: "science" };

/** GitHub's webhooks: late, repeated, lost, in any order; and the App's log of them. */
export class Events {
  /** Deliveries that did not come; the log has those that were made. */
  readonly #undelivered = new Map<
    string,
    { readonly delivery: Delivery; readonly job: ModelJob }
  >();
  readonly #muted = new Set<number>();
  readonly #surroundings: Surroundings;
  readonly #burst: (() => void)[] = [];
  readonly #deliver: (delivery: Delivery) => Promise<void>;
  #deliveries = 0;

  constructor(surroundings: Surroundings, deliver: (delivery: Delivery) => Promise<void>) {
    this.#surroundings = surroundings;
    this.#deliver = deliver;
  }

  /** Of this job no event is ever made. */
  mute(jobId: number): void {
    this.#muted.add(jobId);
  }

  /** Sends an event on its way: it may be late, come twice, be refused, or never be. */
  announce(job: ModelJob): void {
    const { faults, clock } = this.#surroundings;
    const key = `${job.id} ${job.status}`;
    if (this.#muted.has(job.id) || faults.strikes("event-never-made", key)) return;
    this.#deliveries += 1;
    const guid = `delivery-${this.#deliveries}`;
    const delivery: Delivery = { guid, event: "workflow_job", payload: payloadOf(job) };
    if (faults.strikes("event-lost", key)) {
      this.#undelivered.set(guid, { delivery, job });
      return;
    }
    const late = faults.strikes("event-late", key) ? 20 * MINUTE : 5 * SECOND;
    const times = faults.strikes("event-repeated", key) ? 3 : 1;
    // The first of a job comes after all others.
    const held = job.status === "queued" && faults.strikes("event-reordered", key);
    for (let turn = 0; turn < times; turn++) {
      const after = delay(this.#surroundings, 100, late, "event", key, turn);
      const send = (): void => void this.#send(job, delivery);
      const together = job.about.inBurst && !held && late === 5 * SECOND && turn === 0;
      if (together) this.#sendTogether(send);
      else clock.after(held ? after + 25 * MINUTE : after, send);
    }
  }

  /** The events of one moment arrive in one moment. */
  #sendTogether(send: () => void): void {
    const { clock } = this.#surroundings;
    this.#burst.push(send);
    if (this.#burst.length > 1) return;
    clock.after(SECOND, () => {
      for (const each of this.#burst.splice(0)) each();
    });
  }

  /** As a reader of the App's log does with what is missing. */
  async redeliver(): Promise<void> {
    for (const [guid, { delivery, job }] of new Map(this.#undelivered)) {
      await this.#deliver(delivery);
      job.heard = true;
      this.#undelivered.delete(guid);
    }
  }

  async #send(job: ModelJob, delivery: Delivery): Promise<void> {
    try {
      if (this.#surroundings.faults.strikes("event-refused", delivery.guid)) throw new Error("500");
      await this.#deliver(delivery);
      job.heard = true;
    } catch {
      // GitHub does not try again by itself; the log has it.
      this.#undelivered.set(delivery.guid, { delivery, job });
    }
  }
}

/** As GitHub's payload is read by intake. Names are whatever an outsider made them. */
export function payloadOf(job: ModelJob): object {
  const time = (ms: number | null): string | null =>
    ms === null ? null : new Date(ms).toISOString();
  return {
    action: job.status,
    workflow_job: {
      id: job.id,
      run_id: 1,
      run_attempt: 1,
      name: hostile(`job-${job.id} `),
      workflow_name: hostile("workflow "),
      head_branch: hostile("branch "),
      labels: [...job.labels],
      status: job.status,
      conclusion: job.conclusion,
      runner_name: job.runner,
      created_at: time(job.createdAt),
      started_at: time(job.startedAt),
      completed_at: time(job.completedAt),
    },
    repository: { name: job.about.repository, owner: { login: SCOPE.organization } },
    sender: { login: job.about.user },
    organization: { login: SCOPE.organization },
    installation: { id: SCOPE.installationId },
  };
}
