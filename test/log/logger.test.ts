import { RequestError } from "@octokit/request-error";
import { describe, expect, it } from "vitest";
import { createLogger } from "../../src/log/logger.ts";
import { registerLast, registerSecret } from "../../src/log/secrets.ts";

function capture(format: "json" | "pretty") {
  const lines: string[] = [];
  const log = createLogger({
    format,
    level: "debug",
    destination: { write: (line) => void lines.push(line) },
  });
  return { log, text: () => lines.join("") };
}

describe.each(["json", "pretty"] as const)("a %s log", (format) => {
  it("holds no secret, in whatever form it turns up", () => {
    const secret = 'p@ss "word"\nwith\tall+of/it';
    const forget = registerSecret(secret);
    const { log, text } = capture(format);
    log.info({ secret, nested: { list: [`x${secret}y`] } }, `said ${secret}`);
    log.error({ err: new Error(`failed with ${secret}`, { cause: new Error(secret) }) }, "Failed");
    log.info({ url: `https://x/?k=${encodeURIComponent(secret)}` }, "Called");
    log.info({ basic: Buffer.from(`user:${secret}`).toString("base64") }, "Called");
    forget();
    const written = text();
    expect(written).toContain("[secret]");
    expect(written).not.toMatch(/p@ss|word|all\+of|all%2Bof/);
    expect(written).not.toContain(Buffer.from(secret).toString("base64").slice(4, 24));
  });

  it("tells of an error of Octokit which call it was, without its headers and body", () => {
    const { log, text } = capture(format);
    const error = new RequestError("Not Found", 404, {
      request: {
        method: "GET",
        url: "https://api.github.com/x",
        headers: { authorization: "token abcdefgh" },
      },
      response: {
        status: 404,
        url: "",
        headers: { "x-github-request-id": "ABCD:1" },
        data: { private: "payload" },
      },
    });
    log.error({ err: error }, "Failed");
    expect(text()).toContain("GET https://api.github.com/x");
    expect(text()).toContain("ABCD:1");
    expect(text()).not.toMatch(/abcdefgh|payload/);
  });

  it("cannot be made to speak to a terminal by what an outsider wrote", () => {
    const { log, text } = capture(format);
    log.warn({ job: "evil\u001b]0;title\u0007\u009b31m\r\nfake line" }, "Heard");
    // Colours are pino-pretty's own.
    expect(text().replaceAll(/\u001b\[\d{1,2}m/g, "")).not.toMatch(
      /[\0-\u0008\u000b-\u001f\u007f-\u009f]/,
    );
  });
});

it("masks the last of the secrets that come without end, and forgets those before", () => {
  const register = registerLast(2);
  for (const secret of ["configuration-1", "configuration-2", "configuration-3"]) register(secret);
  const { log, text } = capture("json");
  log.info({ said: ["configuration-1", "configuration-2", "configuration-3"] }, "Said");
  expect(text()).toContain('["configuration-1","[secret]","[secret]"]');
});
