import { join, resolve } from "node:path";
import { expandHome } from "./configuration.ts";
import { EnvironmentReader } from "./environment/reader.ts";
import { mergeDotEnv, readSecretFile } from "./environment/dot-env.ts";
import { readNetwork } from "./environment/network.ts";
import type { NetworkSettings } from "../network/outgoing.ts";
import { configurationFile, stateDirectory } from "./places.ts";
import type { Variables } from "./places.ts";
import { parsePrivateKey, PrivateKeyError } from "./environment/private-key.ts";

export const LOG_LEVELS = ["trace", "debug", "info", "warn", "error", "fatal", "silent"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];
export type LogFormat = "json" | "pretty";

/** What a command needs that works without the App. */
export interface LocalEnvironment {
  /** Absolute; may not exist. */
  readonly configurationFile: string;
  /** Absolute; may not exist. */
  readonly stateDirectory: string;
  /** How other hosts are reached; may hold a proxy's password. */
  readonly network: NetworkSettings;
  /** What is not wrong but ought to be known: one sentence each, without secrets. */
  readonly warnings: readonly string[];
}

/** What is told to the program by environment variables and `.env`. Holds secrets: never log it whole. */
export interface Environment extends LocalEnvironment {
  readonly app: {
    readonly id: number;
    /** PKCS#8 PEM. */
    readonly privateKey: string;
    readonly webhookSecret: string;
  };
  readonly webhook: {
    readonly path: string;
    /** A smee channel, for development; `null` for none. */
    readonly proxyUrl: string | null;
  };
  readonly listen: { readonly host: string; readonly port: number };
  /** Base URL of GitHub's API, without a slash at its end. */
  readonly apiUrl: string;
  /** `format` is `null` for: pretty in a terminal, else JSON. */
  readonly log: { readonly level: LogLevel; readonly format: LogFormat | null };
}

export interface EnvironmentOptions {
  /** Where `.env` is looked for, and what relative paths are relative to. Default: the working directory. */
  readonly cwd?: string;
}

/**
 * Reads the environment, completed by an optional `.env`: what is set in the real environment, even to nothing, wins.
 * (Probot's own loading does the contrary.)
 *
 * @throws {EnvironmentError} with every mistake in it. Nothing else.
 */
export function loadEnvironment(
  variables: Variables = process.env,
  { cwd = process.cwd() }: EnvironmentOptions = {},
): Environment {
  const read = new EnvironmentReader();
  read.variables = mergeDotEnv(variables, join(cwd, ".env"), read);
  const environment = {
    app: {
      id: readAppId(read),
      privateKey: readPrivateKey(read, cwd),
      webhookSecret: readWebhookSecret(read),
    },
    webhook: { path: readWebhookPath(read), proxyUrl: readProxyUrl(read) },
    listen: { host: readHost(read), port: readPort(read) },
    apiUrl: readApiUrl(read),
    log: {
      level: read.choice("LOG_LEVEL", LOG_LEVELS) ?? "info",
      format: read.choice("LOG_FORMAT", ["json", "pretty"] as const),
    },
    ...readLocalEnvironment(read, cwd),
  };
  read.throwMistakes();
  return { ...environment, warnings: read.warnings };
}

/**
 * The part of {@link loadEnvironment} that needs no App.
 *
 * @throws {EnvironmentError} with every mistake in it. Nothing else.
 */
export function loadLocalEnvironment(
  variables: Variables = process.env,
  { cwd = process.cwd() }: EnvironmentOptions = {},
): LocalEnvironment {
  const read = new EnvironmentReader();
  read.variables = mergeDotEnv(variables, join(cwd, ".env"), read);
  const local = readLocalEnvironment(read, cwd);
  read.throwMistakes();
  return { ...local, warnings: read.warnings };
}

function readLocalEnvironment(
  read: EnvironmentReader,
  cwd: string,
): Omit<LocalEnvironment, "warnings"> {
  return {
    configurationFile: configurationFile(read.variables, cwd),
    stateDirectory: stateDirectory(read.variables),
    network: readNetwork(read),
  };
}

const APP_SETTINGS = "the App's settings page on GitHub";

function readAppId(read: EnvironmentReader): number {
  const text = read.required("APP_ID", `copy "App ID" from ${APP_SETTINGS}`);
  if (text === null) return 0;
  if (/^[1-9]\d{0,14}$/.test(text)) return Number(text);
  read.mistake(
    "APP_ID",
    "is not a number",
    `copy "App ID" (not the client id) from ${APP_SETTINGS}`,
  );
  return 0;
}

function readPrivateKey(read: EnvironmentReader, cwd: string): string {
  const cure = `generate a private key on ${APP_SETTINGS} and set PRIVATE_KEY_PATH to the .pem file`;
  const path = read.optional("PRIVATE_KEY_PATH");
  const name =
    read.optional("PRIVATE_KEY") === null && path !== null ? "PRIVATE_KEY_PATH" : "PRIVATE_KEY";
  const text =
    name === "PRIVATE_KEY_PATH" && path !== null
      ? readSecretFile(path.startsWith("~") ? expandHome(path) : resolve(cwd, path), name, read)
      : read.required(name, cure);
  if (text === null) return "";
  try {
    return parsePrivateKey(text);
  } catch (cause) {
    if (!(cause instanceof PrivateKeyError)) throw cause;
    read.mistake(name, cause.message, cure);
    return "";
  }
}

/** Half of the 32 characters that `openssl rand -hex 16` gives. */
const SHORT_SECRET = 16;

function readWebhookSecret(read: EnvironmentReader): string {
  const cure = `make one with "openssl rand -hex 32", and set the same on ${APP_SETTINGS}`;
  if (read.required("WEBHOOK_SECRET", cure) === null) return "";
  const secret = read.variables["WEBHOOK_SECRET"] ?? ""; // as it is: a space at its end counts
  if (secret === "development") {
    read.mistake(
      "WEBHOOK_SECRET",
      "is Probot's well-known default, anybody can sign with it",
      cure,
    );
  } else if (secret.length < SHORT_SECRET) {
    read.warnings.push(
      `WEBHOOK_SECRET has fewer than ${SHORT_SECRET} characters: it can be guessed.`,
    );
  }
  return secret;
}

function readWebhookPath(read: EnvironmentReader): string {
  const path = read.optional("WEBHOOK_PATH") ?? "/api/github/webhooks";
  if (!/^\/[\w./~-]*$/.test(path)) {
    read.mistake("WEBHOOK_PATH", "is no path of a URL", "write it as /api/github/webhooks");
  }
  return path;
}

function readProxyUrl(read: EnvironmentReader): string | null {
  const url = read.optional("WEBHOOK_PROXY_URL");
  if (url !== null && !(URL.canParse(url) && /^https?:$/.test(new URL(url).protocol))) {
    read.mistake("WEBHOOK_PROXY_URL", "is no URL", "open https://smee.io/new and copy its address");
  }
  return url;
}

function readHost(read: EnvironmentReader): string {
  const host = read.optional("HOST") ?? "localhost";
  // Not left to the resolver, which may say ::1 in one process and 127.0.0.1 in the next.
  if (host === "localhost") return "127.0.0.1";
  if (!/^[A-Za-z0-9.:_%-]{1,253}$/.test(host)) {
    read.mistake(
      "HOST",
      "is no address to listen on",
      "write 127.0.0.1, or a name of this machine",
    );
  }
  return host;
}

function readPort(read: EnvironmentReader): number {
  const text = read.optional("PORT") ?? "3000";
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (!(port <= 65_535)) read.mistake("PORT", "is no port", "write a number from 0 to 65535");
  return port;
}

function readApiUrl(read: EnvironmentReader): string {
  const protocol = read.choice("GHE_PROTOCOL", ["https", "http"] as const) ?? "https";
  const host = read.optional("GHE_HOST");
  if (host === null || host === "github.com") return "https://api.github.com";
  if (!/^[A-Za-z0-9.-]+(?::\d{1,5})?$/.test(host)) {
    read.mistake("GHE_HOST", "is no host name", "write the host alone, such as github.example.edu");
  }
  if (protocol === "http" && !/^(?:localhost|127\.[\d.]+)(?::|$)/.test(host)) {
    read.warnings.push("GHE_PROTOCOL is http: tokens go over the network in the clear.");
  }
  // Enterprise Cloud with data residency has its API on a host of its own; GHES has it on a path.
  if (host.endsWith(".ghe.com")) return `${protocol}://api.${host.replace(/^api\./, "")}`;
  return `${protocol}://${host}/api/v3`;
}
