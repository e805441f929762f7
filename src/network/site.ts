import { readPem } from "../config/environment/network.ts";
import type { Configuration } from "../config/configuration.ts";
import { ConfigurationError } from "../config/mistake.ts";
import { registerSecret } from "../log/secrets.ts";
import { createOutgoing, type NetworkSettings } from "./outgoing.ts";

/**
 * The `fetch` of this site: its proxies from the environment, its authorities from there and from `github.ca`. Passwords
 * of proxies are masked in logs from now on.
 *
 * @throws {ConfigurationError} if the file of authorities cannot be used.
 */
export function createOutgoingFor(
  network: NetworkSettings,
  configuration: Pick<Configuration, "file" | "github">,
): typeof fetch {
  for (const proxy of [network.httpProxy, network.httpsProxy]) {
    const password = proxy === null ? "" : new URL(proxy).password;
    registerSecret(password);
    registerSecret(unescape(password));
  }
  const certificates = [...network.certificates, ...readAuthorities(configuration)];
  return createOutgoing({ ...network, certificates });
}

/** As it was meant; a stray `%` stands for itself. */
function unescape(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function readAuthorities({ file, github }: Pick<Configuration, "file" | "github">): string[] {
  if (github.ca === null) return [];
  try {
    return [readPem(github.ca)];
  } catch (cause) {
    const mistake = {
      path: "github.ca",
      line: null,
      column: null,
      value: github.ca,
      message: `cannot be used: ${cause instanceof Error ? cause.message : String(cause)}`,
      cure: "name a PEM file with the site's certificate authorities",
    };
    throw new ConfigurationError(file, [mistake], cause);
  }
}
