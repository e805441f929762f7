import { generateKeyPairSync, randomBytes, verify } from "node:crypto";
import { z } from "zod";

const Claims = z.object({
  iss: z.union([z.string(), z.number()]),
  iat: z.number(),
  exp: z.number(),
});

const HOUR = 3_600_000;

/** Who a call of the API comes from. */
export type Caller = "app" | "installation" | null;

/** One for all Apps of this process: to find the primes takes longer than most tests. */
let pair: ReturnType<typeof newPair> | null = null;

function newPair() {
  return generateKeyPairSync("rsa", {
    modulusLength: 2048,
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
  });
}

/** The App's key, and the tokens that were given out. */
export class Authentication {
  /** PKCS#8 PEM: what the App signs with. */
  readonly privateKey: string;
  readonly #publicKey: string;
  readonly #appId: number;
  readonly #tokens = new Map<string, Date>();

  constructor(appId: number) {
    this.#appId = appId;
    pair ??= newPair();
    this.privateKey = pair.privateKey;
    this.#publicKey = pair.publicKey;
  }

  newToken(): { readonly token: string; readonly expiresAt: Date } {
    const token = `ghs_${randomBytes(18).toString("hex")}`;
    const expiresAt = new Date(Date.now() + HOUR);
    this.#tokens.set(token, expiresAt);
    return { token, expiresAt };
  }

  callerOf(authorization: string | undefined): Caller {
    const [scheme = "", credential = ""] = (authorization ?? "").split(" ");
    if (!/^(?:bearer|token)$/i.test(scheme)) return null;
    const expiry = this.#tokens.get(credential);
    if (expiry) return expiry.getTime() > Date.now() ? "installation" : null;
    return this.#isAppToken(credential) ? "app" : null;
  }

  /** A JSON Web Token that the App signed, not older or longer than GitHub takes (10 min). */
  #isAppToken(token: string): boolean {
    const [header = "", claims = "", signature = ""] = token.split(".");
    const signed = Buffer.from(`${header}.${claims}`);
    if (!verify("sha256", signed, this.#publicKey, Buffer.from(signature, "base64url")))
      return false;
    const { iss, iat, exp } = Claims.parse(JSON.parse(Buffer.from(claims, "base64url").toString()));
    const now = Date.now() / 1000;
    return String(iss) === String(this.#appId) && iat <= now && exp > now && exp - now <= 601;
  }
}
