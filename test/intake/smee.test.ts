import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { pino } from "pino";
import { afterEach, expect, it } from "vitest";
import { startSmee, type Smee } from "../../src/intake/smee.ts";
import { until } from "../helpers/until.ts";

const servers: Server[] = [];
let smee: Smee | null = null;

afterEach(async () => {
  await smee?.stop();
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

async function listen(server: Server): Promise<string> {
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

it("brings events with their signature, and tries a channel that cannot be reached again and again", async () => {
  const received: { body: string; signature: unknown }[] = [];
  const target = await listen(
    createServer((request, response) => {
      void text(request).then((body) => {
        received.push({ body, signature: request.headers["x-hub-signature-256"] });
        response.writeHead(202).end();
      });
    }),
  );
  let calls = 0;
  const open: ServerResponse[] = [];
  const source = await listen(
    createServer((_request, response) => {
      calls += 1;
      if (calls === 1) return void response.writeHead(503).end();
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write("event: ready\ndata: {}\n\n");
      open.push(response);
    }),
  );
  const warnings: string[] = [];
  const log = pino({ level: "warn" }, { write: (line: string) => void warnings.push(line) });
  smee = startSmee({ source: `${source}/channel`, target: `${target}/hooks`, log });
  const channel = await until("it comes back after 503", () => open[0]);
  expect(warnings.join("")).toContain("cannot be reached");
  const message = { "x-hub-signature-256": "sha256=abc", body: { action: "queued" }, query: {} };
  channel.write(`data: ${JSON.stringify(message)}\n\n`);
  await until("the event arrives", () => received.length === 1);
  expect(received).toEqual([{ body: '{"action":"queued"}', signature: "sha256=abc" }]);
});
