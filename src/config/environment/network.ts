import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import type { NetworkSettings } from "../../network/outgoing.ts";
import type { EnvironmentReader } from "./reader.ts";

/** Files of authorities, by the names that Node's and OpenSSL's users know. */
const CERTIFICATE_FILES = ["NODE_EXTRA_CA_CERTS", "SSL_CERT_FILE"] as const;
const LARGEST_FILE = 4 * 1024 * 1024;

export function readNetwork(read: EnvironmentReader): NetworkSettings {
  return {
    httpProxy: readProxy(read, "http_proxy"),
    httpsProxy: readProxy(read, "https_proxy"),
    noProxy: eitherCase(read, "no_proxy")?.value ?? "",
    certificates: CERTIFICATE_FILES.flatMap((variable) => readCertificates(read, variable)),
  };
}

/** Lower case first, as curl and GitHub's runner do. */
function eitherCase(read: EnvironmentReader, variable: string) {
  for (const name of [variable, variable.toUpperCase()]) {
    const value = read.optional(name);
    if (value !== null) return { name, value };
  }
  return null;
}

function readProxy(read: EnvironmentReader, variable: string): string | null {
  const found = eitherCase(read, variable);
  if (!found) return null;
  // curl takes a bare host:port too.
  const url = /^[\w+.-]+:\/\//.test(found.value) ? found.value : `http://${found.value}`;
  if (URL.canParse(url) && /^https?:$/.test(new URL(url).protocol)) return url;
  const cure = "write it as http://proxy.example.edu:3128; SOCKS is not spoken";
  read.mistake(found.name, "is no address of an HTTP proxy", cure);
  return null;
}

/** A stale variable in somebody's profile is no reason not to start: as Node does, a file that is not there is told. */
function readCertificates(read: EnvironmentReader, variable: string): readonly string[] {
  const path = read.optional(variable);
  if (path === null) return [];
  try {
    return [readPem(path)];
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    read.warnings.push(`${variable}: ${path} is not used: ${reason}.`);
    return [];
  }
}

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g;

/** @throws {Error} saying in a few words why it cannot be used. */
export function readPem(path: string): string {
  const text = readFileSync(path, "utf8");
  if (text.length > LARGEST_FILE) throw new Error("it is larger than 4 MiB");
  const certificates = text.match(CERTIFICATE) ?? [];
  if (certificates.length === 0) throw new Error("it holds no certificate");
  // OpenSSL passes over one that it cannot read, and TLS then fails without a word about it.
  for (const [index, each] of certificates.entries()) {
    if (!isCertificate(each)) throw new Error(`certificate ${index + 1} in it cannot be read`);
  }
  return text;
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).raw.length > 0;
  } catch {
    return false;
  }
}
