import type { Logger } from "pino";
import { isMeantForUs } from "../domain/routing.ts";
import type { Pool } from "../domain/pool.ts";
import type { EpochMs } from "../domain/time.ts";
import type { JobNews } from "../domain/workflow-job.ts";
import type { Store } from "../store/store.ts";
import { hearJobNews } from "./hear.ts";
import { parseWorkflowJobEvent } from "./workflow-job-event.ts";

/** One webhook delivery, its signature already verified. */
export interface Delivery {
  /** `X-GitHub-Delivery`: the same when GitHub delivers again. */
  readonly guid: string;
  /** `X-GitHub-Event`. */
  readonly event: string;
  readonly payload: unknown;
}

/** Where all news of GitHub comes in, whatever brought it: recorded once, durably, in any order. */
export interface Intake {
  /** Resolves when the delivery is durably stored, or was before. Rejects if it could not be stored. */
  accept(delivery: Delivery): Promise<void>;
}

interface Waiting {
  readonly delivery: Delivery;
  readonly news: JobNews | null;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

export interface IntakeOptions {
  readonly store: Store;
  readonly pools: readonly Pool[];
  readonly now: () => EpochMs;
  /** Called after something that concerns us was stored. */
  readonly wake: () => void;
  readonly log: Logger;
}

/**
 * Deliveries that arrive while one transaction is being written share the next: a durable write costs the same for one
 * as for hundreds.
 */
export function createIntake(options: IntakeOptions): Intake {
  const { store, now, wake, log } = options;
  let waiting: Waiting[] = [];

  function flush(): void {
    const batch = waiting;
    waiting = [];
    try {
      const concerned = store.transaction(() => batch.filter((each) => record(each)).length);
      for (const { resolve } of batch) resolve();
      if (concerned > 0) wake();
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
  }

  function record({ delivery, news }: Waiting): boolean {
    if (!store.recordDelivery(delivery.guid, now())) return false;
    if (!news) return false;
    const job = hearJobNews(store, news);
    log.info(
      { jobId: job.id, repository: job.repository, job: job.name, status: news.status },
      "Workflow job heard",
    );
    return true;
  }

  return {
    accept(delivery) {
      return new Promise((resolve, reject) => {
        if (waiting.length === 0) setImmediate(flush);
        waiting.push({ delivery, news: newsOf(delivery, options), resolve, reject });
      });
    },
  };
}

function newsOf({ guid, event, payload }: Delivery, options: IntakeOptions): JobNews | null {
  const { pools, store, log } = options;
  if (event !== "workflow_job") return null;
  const parsed = parseWorkflowJobEvent(payload, options.now());
  switch (parsed.kind) {
    case "malformed":
      log.warn({ guid, why: parsed.why }, "A workflow_job event is not of GitHub's shape");
      return null;
    case "ignored":
      log.warn({ guid, why: parsed.why }, "A workflow_job event cannot be served");
      return null;
    case "news": {
      const { news } = parsed;
      // In this order: the store's file need not be read for most jobs.
      return isMeantForUs(news.labels, pools) || store.jobs.get(news.id) !== null ? news : null;
    }
  }
}
