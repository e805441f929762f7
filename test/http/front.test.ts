import { once } from "node:events";
import { statSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { sign } from "@octokit/webhooks-methods";
import { pino } from "pino";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { findAccess, publishAccess } from "../../src/http/api-access.ts";
import { createApiClient } from "../../src/http/api-client.ts";
import { apiRoutes } from "../../src/http/api.ts";
import { createFront, type Front } from "../../src/http/front.ts";
import type { SignedDelivery } from "../../src/intake/journal/record.ts";
import { createRecords } from "../../src/status/records.ts";
import { Store } from "../../src/store/store.ts";
import { temporaryDirectory } from "../helpers/directory.ts";
import { until } from "../helpers/until.ts";

const SECRET = "it is a secret";
const PATH = "/api/github/webhooks";

let front: Front;
let port: number;
let url: string;
let accepted: SignedDelivery[];
let accept: () => Promise<void>;
let logged: string[];

beforeEach(async () => {
  accepted = [];
  logged = [];
  accept = () => Promise.resolve();
  front = createFront({
    webhook: {
      path: PATH,
      secret: SECRET,
      async accept(delivery) {
        await accept();
        accepted.push(delivery);
      },
    },
    routes: apiRoutes({
      token: "the-token",
      overview: () => ({ at: 1, jobs: [], allocations: [], oldestLive: null, holds: [] }),
      records: createRecords({
        store: Store.inMemory(),
        configuration: {
          pools: [],
          directories: { shared: "/shared", runner: "/runner", scratch: null },
        },
        now: () => 1,
      }),
      instance: () => ({ version: "1", host: "login1", pid: 1, startedAt: 1, url: "http://x" }),
    }),
    log: pino({ level: "debug" }, { write: (line: string) => void logged.push(line) }),
  });
  ({ port } = await front.start({ host: "127.0.0.1", port: 0 }));
  url = `http://127.0.0.1:${port}`;
});

afterEach(async () => {
  await front.stop(1_000);
});

async function post(body: string | Buffer, headers: Record<string, string | undefined> = {}) {
  const all = {
    "content-type": "application/json",
    "x-github-event": "workflow_job",
    "x-github-delivery": "11111111-2222-3333-4444-555555555555",
    "x-hub-signature-256": await sign(SECRET, body.toString()),
    ...headers,
  };
  const given = Object.entries(all).filter(
    (each): each is [string, string] => each[1] !== undefined,
  );
  return fetch(`${url}${PATH}`, { method: "POST", headers: Object.fromEntries(given), body });
}

describe("a webhook", () => {
  it("is answered once it is stored, not before", async () => {
    const order: string[] = [];
    const storing = new Promise<void>((resolve) => setTimeout(resolve, 20));
    accept = async () => {
      await storing;
      order.push("stored");
    };
    const response = await post('{"action":"queued","installation":{"id":7}}');
    order.push("answered");
    expect(response.status).toBe(202);
    expect(order).toEqual(["stored", "answered"]);
    expect(accepted).toEqual([
      {
        guid: "11111111-2222-3333-4444-555555555555",
        event: "workflow_job",
        body: Buffer.from('{"action":"queued","installation":{"id":7}}'),
      },
    ]);
  });

  it("that cannot be stored is a failure that GitHub lists", async () => {
    accept = () => Promise.reject(new Error("disk full: secrets inside"));
    const response = await post("{}");
    expect(response.status).toBe(500);
    expect(await response.text()).not.toContain("disk");
  });

  it.each([
    ["a wrong signature", "{}", { "x-hub-signature-256": `sha256=${"0".repeat(64)}` }, 401],
    ["a signature of another kind", "{}", { "x-hub-signature-256": "sha1=00" }, 401],
    ["no signature", "{}", { "x-hub-signature-256": undefined }, 400],
    ["no event", "{}", { "x-github-event": undefined }, 400],
    ["an event that is none", "{}", { "x-github-event": "../../etc" }, 400],
    ["no delivery id", "{}", { "x-github-delivery": undefined }, 400],
    ["a form", "payload=x", { "content-type": "application/x-www-form-urlencoded" }, 415],
  ])("with %s is refused, and what it said is not logged", async (_what, body, headers, status) => {
    const response = await post(body, headers);
    expect(response.status).toBe(status);
    expect(accepted).toEqual([]);
    expect(logged.join("")).not.toContain("payload=x");
  });

  it("of more than 25 MB is cut off, though it does not say how long it is", async () => {
    const socket = connect(port, "127.0.0.1");
    let answer = "";
    socket.on("data", (chunk) => (answer += chunk.toString()));
    socket.on("error", () => undefined);
    socket.write(
      `POST ${PATH} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\nx-github-event: ping\r\n` +
        `x-github-delivery: a\r\nx-hub-signature-256: sha256=${"0".repeat(64)}\r\ntransfer-encoding: chunked\r\n\r\n`,
    );
    const chunk = Buffer.alloc(1024 * 1024, 0x61);
    const closed = once(socket, "close");
    let sent = 0;
    while (!socket.destroyed && answer === "" && sent < 60) {
      socket.write(`${chunk.length.toString(16)}\r\n`);
      socket.write(chunk);
      if (!socket.write("\r\n")) await Promise.race([once(socket, "drain"), closed]);
      sent += 1;
    }
    await closed;
    expect(answer).toContain("413");
    expect(sent).toBeLessThan(60);
  });

  it("that says it has more than 25 MB is refused before any of it is read", async () => {
    const socket = connect(port, "127.0.0.1");
    socket.write(
      `POST ${PATH} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\nx-github-event: ping\r\n` +
        `x-github-delivery: a\r\nx-hub-signature-256: sha256=${"0".repeat(64)}\r\ncontent-length: ${25 * 1024 * 1024 + 1}\r\n\r\n`,
    );
    // Nothing more is sent: only an answer that does not wait for the body comes.
    const [answer] = (await once(socket, "data")) as [Buffer];
    socket.destroy();
    expect(answer.toString()).toMatch(/^HTTP\/1\.1 413 /);
    expect(accepted).toEqual([]);
  });

  it("of the largest size that GitHub sends is taken", async () => {
    const padding = "a".repeat(25 * 1024 * 1024 - '{"a":""}'.length);
    expect((await post(`{"a":"${padding}"}`)).status).toBe(202);
    expect((await fetch(`${url}${PATH}`, { method: "GET" })).status).toBe(405);
  });
});

describe("the front", () => {
  it("tells whether it is well, and knows nothing else", async () => {
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    expect((await fetch(`${url}/probot`)).status).toBe(404);
    expect((await fetch(`${url}/..%2f..%2fetc/passwd`)).status).toBe(404);
  });

  it("answers what is under way before it stops", async () => {
    const storing: (() => void)[] = [];
    accept = () => new Promise((resolve) => void storing.push(resolve));
    const answer = post("{}");
    const go = await until("it is being stored", () => storing[0]);
    const stopped = front.stop(10_000);
    go();
    expect((await answer).status).toBe(202);
    expect(await stopped).toBe(true);
  });
});

describe("the API", () => {
  it("is for whoever can read the user's own files", async () => {
    const state = temporaryDirectory();
    const unpublish = publishAccess(state, { url, token: "the-token" });
    expect(statSync(join(state, "api.json")).mode & 0o777).toBe(0o600);
    const access = findAccess(state);
    if (!access) throw new Error("no access");
    expect(await createApiClient(access).overview()).toMatchObject({ jobs: [] });
    const stranger = createApiClient({ url, token: "another" });
    await expect(stranger.overview()).rejects.toThrow("401");
    await expect(stranger.allocation("../overview")).rejects.toThrow("401");
    unpublish();
    expect(findAccess(state)).toBeNull();
  });
});
