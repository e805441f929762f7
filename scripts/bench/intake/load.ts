import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { Request, type Event } from "./events.ts";

/**
 * Sends all events over so many keep-alive connections, on each the next when the last was answered.
 *
 * @returns seconds from the first byte to the last answer. Rejects on any answer but 2xx.
 */
export async function send(
  url: URL,
  events: readonly Event[],
  connections: number,
): Promise<number> {
  const sockets = await Promise.all(Array.from({ length: connections }, () => open(url)));
  const queue = events.values();
  const began = performance.now();
  await Promise.all(sockets.map((socket) => work(socket, new Request(url), queue)));
  const seconds = (performance.now() - began) / 1000;
  for (const socket of sockets) socket.destroy();
  return seconds;
}

async function open(url: URL): Promise<Socket> {
  const socket = connect({ host: url.hostname, port: Number(url.port), noDelay: true });
  await once(socket, "connect");
  return socket;
}

function work(socket: Socket, request: Request, queue: Iterator<Event>): Promise<void> {
  return new Promise((resolve, reject) => {
    let received = "";
    function next(): void {
      const { done, value } = queue.next();
      if (done === true) resolve();
      else socket.write(request.of(value));
    }
    socket.on("data", (chunk: Buffer) => {
      received += chunk.toString("latin1");
      if (!isWhole(received)) return;
      if (received.startsWith("HTTP/1.1 2")) next();
      else reject(new Error(`Answered with ${received.split("\r\n", 1)[0]}`));
      received = "";
    });
    socket.on("error", reject).on("close", () => reject(new Error("The connection was closed")));
    next();
  });
}

function isWhole(response: string): boolean {
  const end = response.indexOf("\r\n\r\n");
  if (end === -1) return false;
  const length = /\r\ncontent-length: (\d+)/i.exec(response)?.[1];
  if (length === undefined) return response.endsWith("0\r\n\r\n");
  return response.length >= end + 4 + Number(length);
}
