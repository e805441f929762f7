import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { createServer as createSecureServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { loadLocalEnvironment } from "../../src/config/environment.ts";
import { ConfigurationError } from "../../src/config/mistake.ts";
import { maskSecrets } from "../../src/log/secrets.ts";
import { explainNetworkError } from "../../src/network/explain.ts";
import { createOutgoing, type NetworkSettings } from "../../src/network/outgoing.ts";
import { createOutgoingFor } from "../../src/network/site.ts";
import { temporaryDirectory } from "../helpers/directory.ts";
import { startProxy } from "./proxy.ts";

const DIRECT: NetworkSettings = {
  httpProxy: null,
  httpsProxy: null,
  noProxy: "",
  certificates: [],
};

async function listen(server: Server | ReturnType<typeof createServer>): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return (server.address() as AddressInfo).port;
}

function startServer(): Promise<number> {
  return listen(createServer((_request, response) => response.end("plain")));
}

/** An authority of a site, and a server with a certificate of it for `github.test`. */
async function startSecureServer() {
  const directory = temporaryDirectory();
  const openssl = (...words: string[]): void => {
    execFileSync("openssl", words, { cwd: directory, stdio: "pipe" });
  };
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  openssl(
    "req",
    "-x509",
    ...key,
    "-keyout",
    "ca.key",
    "-out",
    "ca.pem",
    "-subj",
    "/CN=Site CA",
    "-days",
    "30",
  );
  openssl("req", ...key, "-keyout", "server.key", "-out", "server.csr", "-subj", "/CN=github.test");
  writeFileSync(join(directory, "names"), "subjectAltName=DNS:github.test\n");
  openssl(
    "x509",
    "-req",
    "-in",
    "server.csr",
    "-CA",
    "ca.pem",
    "-CAkey",
    "ca.key",
    "-CAcreateserial",
    "-days",
    "30",
    "-extfile",
    "names",
    "-out",
    "server.pem",
  );
  const read = (name: string): string => readFileSync(join(directory, name), "utf8");
  const server = createSecureServer({ key: read("server.key"), cert: read("server.pem") });
  server.on("request", (_request, response) => response.end("secure"));
  return { port: await listen(server), ca: read("ca.pem"), caFile: join(directory, "ca.pem") };
}

async function failure(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => null,
    (error: unknown) => error,
  );
}

describe("what goes out", () => {
  it("goes through the proxy, but to hosts of no_proxy and to ourselves", async () => {
    const port = await startServer();
    const proxy = await startProxy();
    const outgoing = createOutgoing({ ...DIRECT, httpProxy: proxy.url, noProxy: "intern.test" });
    const response = await outgoing(`http://github.test:${port}/x`);
    expect(await response.text()).toBe("plain");
    // As a proxy expects it; many let CONNECT through to port 443 only.
    expect(proxy.asked).toEqual([`GET http://github.test:${port}/x`]);
    expect(await outgoing(`http://127.0.0.1:${port}/`).then((each) => each.text())).toBe("plain");
    // There is no such host: it was looked for directly.
    const error = await failure(outgoing(`http://a.intern.test:${port}/`));
    expect(explainNetworkError(error).reason).toMatch(/has no address here|cannot be reached/);
    expect(proxy.asked).toHaveLength(1);
  });

  it("goes to a TLS server through a proxy that wants a password, and trusts the site's authority", async () => {
    const { port, ca } = await startSecureServer();
    const proxy = await startProxy("pass-word-9");
    const settings = { ...DIRECT, httpsProxy: proxy.url };
    const outgoing = createOutgoing({ ...settings, certificates: [ca] });
    const response = await outgoing(`https://github.test:${port}/`);
    expect(await response.text()).toBe("secure");
    expect(proxy.asked).toEqual([`CONNECT github.test:${port}`]);
    const unknown = await failure(createOutgoing(settings)(`https://github.test:${port}/`));
    expect(explainNetworkError(unknown)).toMatchObject({
      kind: "mend",
      reason: expect.stringContaining("certificate of an authority that is not known here"),
      cure: expect.stringContaining("github.ca"),
    });
    const without = { ...settings, httpsProxy: proxy.url.replace("pass-word-9", "wrong") };
    const refused = await failure(createOutgoing(without)(`https://github.test:${port}/`));
    expect(explainNetworkError(refused)).toMatchObject({
      kind: "mend",
      reason: "is not let through by the proxy (status 407)",
    });
  });

  it("is told of a host that refuses", async () => {
    const outgoing = createOutgoing(DIRECT);
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    const gone = await failure(outgoing(`http://127.0.0.1:${port}/`));
    expect(explainNetworkError(gone)).toMatchObject({
      kind: "retry",
      reason: "cannot be reached: ECONNREFUSED",
    });
  });
});

describe("the network's settings", () => {
  function load(variables: Record<string, string>, dotEnv = "") {
    const cwd = temporaryDirectory();
    writeFileSync(join(cwd, ".env"), dotEnv);
    return loadLocalEnvironment(variables, { cwd });
  }

  it("come from the environment and .env, lower case first", () => {
    const { network } = load(
      { HTTPS_PROXY: "http://a:1", https_proxy: "b.test:3128", NO_PROXY: "x,y" },
      "HTTP_PROXY=http://c:2\n",
    );
    expect(network).toEqual({
      httpsProxy: "http://b.test:3128",
      httpProxy: "http://c:2",
      noProxy: "x,y",
      certificates: [],
    });
  });

  it("with a proxy of another kind are refused, without its password", () => {
    expect(() => load({ https_proxy: "socks5://u:pass-word@h:1" })).toThrow(
      /^https_proxy is no address of an HTTP proxy: write it as http:[^@]*$/,
    );
  });

  it("take authorities from Node's and OpenSSL's variables, and tell of files that are none", async () => {
    const { ca, caFile } = await startSecureServer();
    const found = load({ NODE_EXTRA_CA_CERTS: caFile, SSL_CERT_FILE: "/nowhere.pem" });
    expect(found.network.certificates).toEqual([ca]);
    expect(found.warnings.join()).toMatch(/^SSL_CERT_FILE: \/nowhere\.pem is not used: ENOENT/);
    const empty = join(temporaryDirectory(), "empty.pem");
    writeFileSync(empty, "");
    const { warnings } = load({ SSL_CERT_FILE: empty });
    expect(warnings.join()).toContain("it holds no certificate");
  });

  it("take one more from github.ca, and refuse a file that is none", async () => {
    const { port, caFile } = await startSecureServer();
    const proxy = await startProxy("pass-word-9");
    const network = { ...DIRECT, httpsProxy: proxy.url };
    const github = { timeoutMs: 1_000, ca: caFile };
    const outgoing = createOutgoingFor(network, { file: "/f.yml", github });
    const response = await outgoing(`https://github.test:${port}/`);
    expect(response.status).toBe(200);
    expect(maskSecrets("pass-word-9")).toBe("[secret]");
    const bad = join(temporaryDirectory(), "bad.pem");
    writeFileSync(bad, "-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----\n");
    const refused = (): unknown =>
      createOutgoingFor(network, { file: "/f.yml", github: { ...github, ca: bad } });
    expect(refused).toThrow(ConfigurationError);
    expect(refused).toThrow(/github\.ca[\s\S]*cannot be used/);
  });
});
