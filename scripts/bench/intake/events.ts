import { createHmac } from "node:crypto";
import examples from "@octokit/webhooks-examples" with { type: "json" };
import type { WebhookDefinition } from "@octokit/webhooks-examples";

/** An event that is to be sent: written into a {@link Request} of its status. */
export interface Event {
  readonly status: Status;
  readonly jobId: number;
  readonly guid: string;
  readonly signature: string;
}

const STATUSES = ["queued", "in_progress", "completed"] as const;
type Status = (typeof STATUSES)[number];

/** A job starts when so many later ones are queued, and ends when so many later ones have started. */
const LAG = 100;
/** Eleven digits, as GitHub's ids of today. */
const FIRST_JOB = 50_000_000_000;
const NO_GUID = "00000000-0000-0000-0000-000000000000";
const BEGAN = new Date();
const NO_SIGNATURE = "0".repeat(64);

/** The life of job after job, each `queued`, `in_progress` and `completed`, in the order in which a busy organization sends it. */
export class EventStream {
  readonly #secret: string;
  readonly #bodies: ReadonlyMap<Status, Patch>;
  #serial = 0;
  #made = 0x72d3162e;

  constructor(secret: string) {
    this.#secret = secret;
    this.#bodies = new Map(STATUSES.map((status) => [status, new Patch(bodyOf(status))]));
  }

  /** Signed beforehand: it is the receiver that is measured. */
  next(count: number): readonly Event[] {
    const events: Event[] = [];
    while (events.length < count) {
      const turn = this.#serial++;
      const stage = turn % STATUSES.length;
      const job = Math.floor(turn / STATUSES.length) - stage * LAG;
      const status = STATUSES[stage];
      if (job >= 0 && status !== undefined) events.push(this.#sign(status, FIRST_JOB + job));
    }
    return events;
  }

  /** As GitHub's: of version 1, made of the time, so that neighbours in time are neighbours in an index. */
  #guid(): string {
    this.#made += 1;
    return `${this.#made.toString(16).padStart(8, "0")}-cc78-11f0-81ab-4c9367dc0958`;
  }

  #sign(status: Status, jobId: number): Event {
    const body = this.#bodies.get(status);
    body?.put(String(FIRST_JOB), String(jobId));
    const hmac = createHmac("sha256", this.#secret).update(body?.bytes ?? "");
    return { status, jobId, guid: this.#guid(), signature: hmac.digest("hex") };
  }
}

/** The bytes of requests on one connection, one at a time: nothing is made anew, so that sending costs little. */
export class Request {
  readonly #patches: ReadonlyMap<Status, Patch>;

  constructor(url: URL) {
    this.#patches = new Map(STATUSES.map((status) => [status, new Patch(requestOf(url, status))]));
  }

  of({ status, jobId, guid, signature }: Event): Buffer {
    const patch = this.#patches.get(status);
    if (!patch) throw new Error(`No request for ${status}`);
    patch.put(String(FIRST_JOB), String(jobId));
    patch.put(NO_GUID, guid);
    patch.put(NO_SIGNATURE, signature);
    return patch.bytes;
  }
}

/** Bytes in which some words are replaced by others of the same length. */
class Patch {
  readonly bytes: Buffer;
  readonly #places = new Map<string, number>();

  constructor(bytes: Buffer) {
    this.bytes = Buffer.from(bytes);
  }

  put(word: string, replacement: string): void {
    const place = this.#places.get(word) ?? this.bytes.indexOf(word);
    if (place === -1) throw new Error(`No ${word} to be replaced`);
    this.#places.set(word, place);
    this.bytes.write(replacement, place, "latin1");
  }
}

function requestOf({ pathname, host }: URL, status: Status): Buffer {
  const body = bodyOf(status);
  const head = [
    `POST ${pathname} HTTP/1.1`,
    `Host: ${host}`,
    "User-Agent: GitHub-Hookshot/0000000",
    "Accept: */*",
    "Content-Type: application/json",
    "X-GitHub-Event: workflow_job",
    `X-GitHub-Delivery: ${NO_GUID}`,
    "X-GitHub-Hook-ID: 1",
    "X-GitHub-Hook-Installation-Target-Type: integration",
    `X-Hub-Signature-256: sha256=${NO_SIGNATURE}`,
    `Content-Length: ${body.length}`,
  ];
  return Buffer.concat([Buffer.from(`${head.join("\r\n")}\r\n\r\n`), body]);
}

/** GitHub's own example of a queued job (11 kB), made one of ours. */
function bodyOf(status: Status): Buffer {
  // The package's types are of its default export, which a JSON module has too.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  const all = examples as unknown as readonly WebhookDefinition[];
  const found = all
    .find(({ name }) => name === "workflow_job")
    ?.examples.find((each) => "deployment" in each);
  if (!found || !("workflow_job" in found)) throw new Error("No example of a workflow_job");
  // Of today: what was queued for more than a day is refused.
  const now = BEGAN.toISOString();
  return Buffer.from(
    JSON.stringify({
      ...found,
      action: status,
      workflow_job: {
        ...found.workflow_job,
        id: FIRST_JOB,
        labels: ["self-hosted", "derecho"],
        status,
        conclusion: status === "completed" ? "success" : null,
        created_at: now,
        started_at: now,
        completed_at: status === "completed" ? now : null,
        runner_name: status === "queued" ? null : "of-somebody-else",
      },
      organization: { login: "hpc-research", id: 1 },
      installation: { id: 77, node_id: "MDIzOkludGVncmF0aW9u" },
    }),
  );
}
