import { createSecretKey } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { Logger } from "pino";
import type { SignedDelivery } from "../intake/journal/record.ts";
import { answer } from "./answer.ts";
import { BodyRoom, isSignedBy, LARGEST_PAYLOAD, readSignedBody } from "./body.ts";
import type { Handler, Visit } from "./routes.ts";

export interface Webhook {
  /** Path of the URL, such as `/api/github/webhooks`. */
  readonly path: string;
  readonly secret: string;
  /** Resolves when the delivery would outlive a crash. A rejection is answered with 500. */
  readonly accept: (delivery: SignedDelivery) => Promise<void>;
}

/** Four payloads of the largest kind at once; usual ones have 10 kB. */
const BODY_ROOM = 4 * LARGEST_PAYLOAD;

interface Refusal {
  readonly status: number;
  readonly error: string;
}

const REFUSALS = {
  "too large": { status: 413, error: "larger than 25 MB" },
  "no room": { status: 503, error: "busy" },
  "wrong signature": { status: 401, error: "wrong signature" },
} as const;

/** The handler of GitHub's deliveries: verify, keep, then 202. What they say is read later. */
export function webhookHandler(webhook: Webhook, log: Logger): Handler {
  // Made once: a string would be made a key again for each delivery.
  const secret = createSecretKey(webhook.secret, "utf8");
  const room = new BodyRoom(BODY_ROOM);
  const warnings = new Warnings(log);
  return async (visit) => {
    const heads = headsOf(visit.request);
    if ("error" in heads) return refuse(visit, heads, log, warnings);
    const body = await readSignedBody(visit.request, secret, room);
    if (body.kind === "cut off") return; // the client left
    if (body.kind !== "whole") return refuse(visit, REFUSALS[body.kind], log, warnings);
    try {
      if (isSignedBy(body.signature, heads.signature)) await keep(visit, heads, body.bytes);
      else refuse(visit, REFUSALS["wrong signature"], log, warnings);
    } finally {
      room.giveBack(body.bytes.length);
    }
  };

  async function keep({ request, response }: Visit, heads: Heads, body: Buffer): Promise<void> {
    const { guid, event } = heads;
    try {
      await webhook.accept({ guid, event, body });
    } catch (err) {
      // GitHub lists the delivery as failed; it can be asked for again.
      log.error({ err, guid, event }, "A webhook could not be stored");
      return answer(request, response, 500, { error: "not stored" });
    }
    log.debug({ guid, event }, "Webhook stored");
    answer(request, response, 202, { status: "stored" });
  }
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

/** What GitHub's headers say; the signature has not been looked at. */
interface Heads {
  readonly guid: string;
  readonly event: string;
  readonly signature: string;
}

function headsOf(request: IncomingMessage): Heads | Refusal {
  const type = headerOf(request, "content-type").split(";", 1)[0]?.trim().toLowerCase();
  if (type !== "application/json") {
    return { status: 415, error: 'set "Content type" of the webhook to application/json' };
  }
  const event = headerOf(request, "x-github-event");
  const guid = headerOf(request, "x-github-delivery");
  const signature = headerOf(request, "x-hub-signature-256");
  if (!/^[a-z_]{1,64}$/.test(event)) return { status: 400, error: "no valid X-GitHub-Event" };
  if (!/^[\w-]{1,64}$/.test(guid)) return { status: 400, error: "no valid X-GitHub-Delivery" };
  if (signature === "") return { status: 400, error: "no X-Hub-Signature-256" };
  return { guid, event, signature };
}

function headerOf(request: IncomingMessage, name: string): string {
  const value = request.headers[name];
  return typeof value === "string" ? value : "";
}
