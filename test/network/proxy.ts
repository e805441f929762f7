import { createServer, request, type IncomingMessage } from "node:http";
import { connect, type AddressInfo, type Socket } from "node:net";
import { onTestFinished } from "vitest";

/** An HTTP proxy to which every host is this machine. */
export interface Proxy {
  readonly url: string;
  /** What was asked of it: `GET http://host:port/path`, `CONNECT host:port`. */
  readonly asked: string[];
  readonly credentials: (string | undefined)[];
}

/** @param password what must be shown; `null` for nothing. */
export async function startProxy(password: string | null = null): Promise<Proxy> {
  const asked: string[] = [];
  const credentials: (string | undefined)[] = [];
  const sockets = new Set<Socket>();

  function admits({ method, url, headers }: IncomingMessage): boolean {
    asked.push(`${method} ${url}`);
    credentials.push(headers["proxy-authorization"]);
    const wanted = `Basic ${Buffer.from(`user:${password}`).toString("base64")}`;
    return password === null || headers["proxy-authorization"] === wanted;
  }

  const server = createServer((incoming, outgoing) => {
    if (!admits(incoming)) return void outgoing.writeHead(407).end();
    const { port, pathname, search, host } = new URL(incoming.url ?? "");
    const headers = { ...incoming.headers, host };
    const { method } = incoming;
    const forwarded = request(
      { host: "127.0.0.1", port, path: pathname + search, method, headers },
      (answer) => {
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(outgoing);
      },
    );
    incoming.pipe(forwarded);
  });
  server.on("connect", (incoming, client: Socket) => {
    if (!admits(incoming))
      return void client.end("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n");
    const port = Number(incoming.url?.split(":").at(-1));
    const upstream = connect(port, "127.0.0.1", () => {
      client.write("HTTP/1.1 200 Connection established\r\n\r\n");
      upstream.pipe(client).pipe(upstream);
    });
    sockets.add(upstream).add(client);
    for (const each of [upstream, client]) each.on("error", () => undefined);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(async () => {
    for (const each of sockets) each.destroy();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const { port } = server.address() as AddressInfo;
  const user = password === null ? "" : `user:${password}@`;
  return { url: `http://${user}127.0.0.1:${port}`, asked, credentials };
}
