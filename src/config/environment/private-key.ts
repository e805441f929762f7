import { createPrivateKey } from "node:crypto";
import type { KeyObject } from "node:crypto";

/** What was given as the App's private key is none. Caller: stop; `message` says why, without the key. */
export class PrivateKeyError extends Error {
  override readonly name = "PrivateKeyError";
}

/**
 * Reads a GitHub App's private key as people paste it: PEM, PEM with `\n` written out, PEM on one line, or base64 of PEM.
 *
 * @returns PKCS#8 PEM, which every library takes.
 * @throws {PrivateKeyError}
 */
export function parsePrivateKey(text: string): string {
  const key = readKey(toPem(text));
  if (key.asymmetricKeyType !== "rsa") {
    throw new PrivateKeyError(`is a key of type ${key.asymmetricKeyType}, GitHub's are RSA`);
  }
  return key.export({ type: "pkcs8", format: "pem" }).toString();
}

function readKey(pem: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch (cause) {
    if (/-----BEGIN (?:RSA )?PUBLIC KEY-----/.test(pem)) {
      throw new PrivateKeyError("is a public key, the private one is needed", { cause });
    }
    if (pem.includes("ENCRYPTED")) {
      throw new PrivateKeyError("is protected by a passphrase, GitHub's are not", { cause });
    }
    throw new PrivateKeyError("is no private key in PEM format", { cause });
  }
}

const BEGIN = "-----BEGIN ";

function toPem(text: string): string {
  const unescaped = text.trim().replaceAll("\\n", "\n").replaceAll("\r", "");
  const pem = unescaped.includes(BEGIN) ? unescaped : Buffer.from(text, "base64").toString("utf8");
  // On one line: give the header and the footer lines of their own; spaces within do no harm once they are newlines.
  const parts = /(-----BEGIN [A-Z ]+-----)([\s\S]*?)(-----END [A-Z ]+-----)/.exec(pem);
  if (parts === null) return pem;
  const [, header = "", body = "", footer = ""] = parts;
  const lines = pem.includes("ENCRYPTED") ? body.trim() : body.trim().replaceAll(/\s+/g, "\n");
  return `${header}\n${lines}\n${footer}\n`;
}
