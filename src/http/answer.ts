import type { IncomingMessage, ServerResponse } from "node:http";

/** How long what a client still sends after our answer is thrown away, so that it gets to read the answer. */
const LINGER_MS = 2_000;

/** Answers with JSON. Done again, or after the client left, it does nothing. */
export function answer(
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  body: Readonly<Record<string, unknown>>,
  headers: Readonly<Record<string, string>> = {},
): void {
  if (response.headersSent || response.destroyed) return;
  // A string, which Node sends together with the headers: one system call, not two.
  const text = `${JSON.stringify(body)}\n`;
  response.writeHead(status, {
    "content-type": "application/json; charset=utf-8",
    "content-length": Buffer.byteLength(text),
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    ...headers,
  });
  response.end(text);
  discardRest(request);
}

/**
 * An early answer to a client that is still sending. Closing at once would reset the connection, and the client would
 * not see the answer; reading on without end would let it hold us. So: read and throw away for a moment, then close.
 */
function discardRest(request: IncomingMessage): void {
  if (request.complete) return;
  request.resume();
  const timer = setTimeout(() => request.socket.destroy(), LINGER_MS);
  timer.unref();
  const done = (): void => clearTimeout(timer);
  request.once("end", done).once("close", done);
}
