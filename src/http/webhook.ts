import type { IncomingMessage } from "node:http";
import type { Logger } from "pino";
import { answer } from "./answer.ts";
import { BodyRoom, isSignedBy, LARGEST_PAYLOAD, readSignedBody } from "./body.ts";
import { parsePayload, PayloadError } from "./payload.ts";
import type { Handler, Visit } from "./routes.ts";

/** One webhook of GitHub: its signature was right, and its payload is a JSON object. Nothing else is known of it. */
export interface Delivery {
  /** `X-GitHub-Delivery`: a GUID, the same when GitHub delivers again. */
  readonly deliveryId: string;
  /** `X-GitHub-Event`, such as `workflow_job`. */
  readonly event: string;
  readonly payload: Readonly<Record<string, unknown>>;
  /** The payload's `action`, where it has one. */
  readonly action: string | null;
  /** The payload's `installation.id`, where it has one. */
  readonly installationId: number | null;
}

export interface Webhook {
  /** Path of the URL, such as `/api/github/webhooks`. */
  readonly path: string;
  readonly secret: string;
  /** Resolves when the delivery is stored so that it outlives a crash. A rejection is answered with 500. */
  readonly accept: (delivery: Delivery) => Promise<void>;
}

/** Four payloads of the largest kind at once; usual ones have 10 kB. */
const BODY_ROOM = 4 * LARGEST_PAYLOAD;

interface Refusal {
  readonly status: number;
  readonly error: string;
}

/** The handler of GitHub's deliveries: verify, parse, store, then 202. */
export function webhookHandler(webhook: Webhook, log: Logger): Handler {
  const room = new BodyRoom(BODY_ROOM);
  const warnings = new Warnings(log);
  return async (visit) => {
    const outcome = await receive(visit, webhook, room);
    if (outcome === null) return; // the client left
    if ("error" in outcome) return refuse(visit, outcome, log, warnings);
    const { deliveryId, event, action } = outcome;
    try {
      await webhook.accept(outcome);
    } catch (err) {
      // GitHub lists the delivery as failed; it can be asked for again.
      log.error({ err, deliveryId, event, action }, "A webhook could not be stored");
      answer(visit.request, visit.response, 500, { error: "not stored" });
      return;
    }
    log.debug({ deliveryId, event, action }, "Webhook stored");
    answer(visit.request, visit.response, 202, { status: "stored" });
  };
}

const MINUTE = 60_000;

/** One line a minute at most: a stranger who keeps trying must not fill the disk with our log. */
class Warnings {
  readonly #log: Logger;
  #times = 0;
  #last: number | null = null;

  constructor(log: Logger) {
    this.#log = log;
  }

  wrongSignature(remote: string | undefined): void {
    this.#times += 1;
    const now = performance.now();
    if (this.#last !== null && now - this.#last < MINUTE) return;
    this.#log.warn({ remote, times: this.#times }, "Webhooks came with a wrong signature");
    this.#last = now;
    this.#times = 0;
  }
}

function refuse(
  { request, response }: Visit,
  { status, error }: Refusal,
  log: Logger,
  warnings: Warnings,
): void {
  // Neither the body nor the headers: they are whatever a stranger sent.
  const remote = request.socket.remoteAddress;
  if (status === 401) warnings.wrongSignature(remote);
  else log.debug({ remote, status, error }, "A webhook was refused");
  answer(request, response, status, { error });
}

async function receive(
  { request }: Visit,
  { secret }: Webhook,
  room: BodyRoom,
): Promise<Delivery | Refusal | null> {
  const type = headerOf(request, "content-type").split(";", 1)[0]?.trim().toLowerCase();
  if (type !== "application/json") {
    return { status: 415, error: 'set "Content type" of the webhook to application/json' };
  }
  const event = headerOf(request, "x-github-event");
  const deliveryId = headerOf(request, "x-github-delivery");
  const signature = headerOf(request, "x-hub-signature-256");
  if (!/^[a-z_]{1,64}$/.test(event)) return { status: 400, error: "no valid X-GitHub-Event" };
  if (!/^[\w-]{1,64}$/.test(deliveryId))
    return { status: 400, error: "no valid X-GitHub-Delivery" };
  if (signature === "") return { status: 400, error: "no X-Hub-Signature-256" };

  const body = await readSignedBody(request, secret, room);
  if (body.kind === "cut off") return null;
  if (body.kind === "too large") return { status: 413, error: "larger than 25 MB" };
  if (body.kind === "no room") return { status: 503, error: "busy" };
  if (!isSignedBy(body.signature, signature)) return { status: 401, error: "wrong signature" };
  return toDelivery(deliveryId, event, body.bytes);
}

function toDelivery(deliveryId: string, event: string, bytes: Buffer): Delivery | Refusal {
  try {
    const payload = parsePayload(bytes);
    const { action, installation } = payload;
    return {
      deliveryId,
      event,
      payload,
      action: typeof action === "string" ? action : null,
      installationId: idOf(installation),
    };
  } catch (cause) {
    if (cause instanceof PayloadError) return { status: 400, error: cause.message };
    throw cause;
  }
}

function idOf(value: unknown): number | null {
  if (typeof value !== "object" || value === null || !("id" in value)) return null;
  return typeof value.id === "number" && Number.isSafeInteger(value.id) ? value.id : null;
}

function headerOf(request: IncomingMessage, name: string): string {
  const value = request.headers[name];
  return typeof value === "string" ? value : "";
}
