import { generateKeyPairSync } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { EnvironmentError } from "../../src/config/environment/reader.ts";
import { loadEnvironment } from "../../src/config/environment.ts";
import { temporaryDirectory } from "../helpers/directory.ts";

const { privateKey } = generateKeyPairSync("rsa", {
  modulusLength: 2048,
  publicKeyEncoding: { type: "spki", format: "pem" },
  privateKeyEncoding: { type: "pkcs1", format: "pem" },
});
const GOOD = {
  APP_ID: "12",
  PRIVATE_KEY: privateKey,
  WEBHOOK_SECRET: "0123456789abcdef0123",
  HOME: "/home/u",
  XDG_STATE_HOME: "/state",
};

function load(variables: Record<string, string | undefined>, dotEnv = "") {
  const cwd = temporaryDirectory();
  if (dotEnv !== "") writeFileSync(join(cwd, ".env"), dotEnv, { mode: 0o600 });
  return loadEnvironment({ ...GOOD, ...variables }, { cwd });
}

describe("the environment", () => {
  it.each([
    ["APP_ID", { APP_ID: undefined }, /^APP_ID is missing: /],
    ["APP_ID", { APP_ID: "Iv1.abc" }, /^APP_ID is not a number: /],
    ["PRIVATE_KEY", { PRIVATE_KEY: undefined }, /^PRIVATE_KEY is missing: /],
    ["PRIVATE_KEY", { PRIVATE_KEY: "-----BEGIN nonsense" }, /^PRIVATE_KEY /],
    [
      "PRIVATE_KEY_PATH",
      { PRIVATE_KEY: undefined, PRIVATE_KEY_PATH: "no.pem" },
      /^PRIVATE_KEY_PATH /,
    ],
    ["WEBHOOK_SECRET", { WEBHOOK_SECRET: undefined }, /^WEBHOOK_SECRET is missing: .*openssl rand/],
    [
      "WEBHOOK_SECRET",
      { WEBHOOK_SECRET: "development" },
      /^WEBHOOK_SECRET is Probot's well-known default/,
    ],
    ["PORT", { PORT: "99999" }, /^PORT /],
    ["GHE_HOST", { GHE_HOST: "https://x/" }, /^GHE_HOST /],
  ])("without a usable %s is refused in one line, with a cure", (_name, variables, words) => {
    expect(() => load(variables)).toThrow(EnvironmentError);
    expect(() => load(variables)).toThrow(words);
    try {
      load(variables);
    } catch (error) {
      expect(String(error).split("\n")).toHaveLength(1);
    }
  });

  it("tells all mistakes at once, and no secret with them", () => {
    const key = "-----BEGIN SECRET STUFF";
    try {
      load({ APP_ID: "", PRIVATE_KEY: key, WEBHOOK_SECRET: "" });
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(EnvironmentError);
      expect(String(error).split("\n")).toHaveLength(3);
      expect(String(error)).not.toContain("STUFF");
    }
  });

  it("reads a key in every form in which people paste it", () => {
    const forms = [
      privateKey,
      privateKey.replaceAll("\n", "\\n"),
      Buffer.from(privateKey).toString("base64"),
    ];
    const keys = forms.map((PRIVATE_KEY) => load({ PRIVATE_KEY }).app.privateKey);
    expect(new Set(keys).size).toBe(1);
    expect(keys[0]).toContain("BEGIN PRIVATE KEY");
  });

  it("wins over .env, which fills what is not set", () => {
    const environment = load({ PORT: "4000" }, "PORT=5000\nWEBHOOK_PATH=/hooks\nAPP_ID=99\n");
    expect(environment.listen.port).toBe(4000);
    expect(environment.webhook.path).toBe("/hooks");
    expect(environment.app.id).toBe(12);
  });

  it.each([
    [{}, "https://api.github.com"],
    [{ GHE_HOST: "github.example.edu" }, "https://github.example.edu/api/v3"],
    [{ GHE_HOST: "lab.ghe.com" }, "https://api.lab.ghe.com"],
    [{ GHE_HOST: "127.0.0.1:4000", GHE_PROTOCOL: "http" }, "http://127.0.0.1:4000/api/v3"],
  ])("finds GitHub's API: %j", (variables, url) => {
    expect(load(variables).apiUrl).toBe(url);
  });
});
