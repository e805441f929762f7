import { rootCertificates } from "node:tls";
import { EnvHttpProxyAgent, fetch as undiciFetch } from "undici";

/** How other hosts are reached. */
export interface NetworkSettings {
  /** `http_proxy`; `null` for none. May hold a password. */
  readonly httpProxy: string | null;
  /** `https_proxy`; `null` for none. May hold a password. */
  readonly httpsProxy: string | null;
  /** `no_proxy`: hosts that are reached directly, separated by commas. */
  readonly noProxy: string;
  /** PEM texts of authorities that are trusted besides the well-known ones. */
  readonly certificates: readonly string[];
}

/** No proxy can reach our own loopback; smee-client would ask it to. */
const LOOPBACK = "localhost,127.0.0.1,[::1]";

/**
 * `fetch` for everything that leaves this machine: through the site's proxies, trusting the site's authorities. undici's
 * own, not Node's: Node 20 does not know proxies, and a dispatcher must be of the same undici as its `fetch`.
 */
export function createOutgoing(settings: NetworkSettings): typeof fetch {
  const { httpProxy, httpsProxy, noProxy, certificates } = settings;
  // A list of our own replaces Node's, NODE_EXTRA_CA_CERTS too.
  const tls = certificates.length === 0 ? {} : { ca: [...rootCertificates, ...certificates] };
  const dispatcher = new EnvHttpProxyAgent({
    // Empty: not taken from the process's environment, which `.env` is no part of.
    httpProxy: httpProxy ?? "",
    httpsProxy: httpsProxy ?? "",
    noProxy: noProxy.trim() === "*" ? "*" : `${noProxy},${LOOPBACK}`,
    // Proxies seldom let CONNECT through to another port than 443: plain HTTP is forwarded, as curl does it.
    proxyTunnel: false,
    connect: tls,
    requestTls: tls,
    proxyTls: tls,
  });
  function outgoing(resource: string | URL, init?: Parameters<typeof undiciFetch>[1]) {
    return undiciFetch(resource, { ...init, dispatcher });
  }
  // The same standard in two declarations: undici's, and @types/node's of an older undici.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return outgoing as unknown as typeof fetch;
}
