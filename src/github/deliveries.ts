import { z } from "zod";
import type { EpochMs } from "../domain/time.ts";
import type { Octokit } from "./octokit.ts";

/** One entry of the App's delivery log. */
export interface LoggedDelivery {
  /** As text: these ids are beyond 2^53, and Octokit then gives a BigInt where its types say number. */
  readonly id: string;
  /** The same for all attempts of one delivery. */
  readonly guid: string;
  readonly event: string;
  readonly deliveredAt: EpochMs;
}

/**
 * The App's delivery log, newest first, one page of 100 for each step: what GitHub sent, or tried to send, in the last
 * 3 days, with payloads. It needs no open port.
 *
 * @param octokit authenticated as the App (JWT).
 */
export async function* listDeliveries(octokit: Octokit): AsyncGenerator<readonly LoggedDelivery[]> {
  // The log is paged by a cursor in the Link header, which Octokit's paginate follows.
  const pages = octokit.paginate.iterator(octokit.rest.apps.listWebhookDeliveries, {
    per_page: 100,
    request: { retries: 0 },
  });
  for await (const { data } of pages) {
    yield data.map((each) => ({
      id: String(each.id),
      guid: each.guid,
      event: each.event,
      deliveredAt: Date.parse(each.delivered_at),
    }));
  }
}

const Logged = z.object({ request: z.object({ payload: z.unknown() }) });

/** The payload of a logged delivery, as it was sent. */
export async function deliveryPayload(octokit: Octokit, id: string): Promise<unknown> {
  const { data } = await octokit.request(`GET /app/hook/deliveries/${encodeURIComponent(id)}`, {
    request: { retries: 0 },
  });
  return Logged.parse(data).request.payload;
}
