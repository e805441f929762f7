import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { DEFAULT_NODE_SETTINGS } from "../../src/domain/node-settings.ts";
import { Node } from "./node.ts";

/** Leaves its environment, a variable a line. */
const CURIOUS = `env >"$out/environment"`;

function variables(node: Node): ReadonlyMap<string, string> {
  const lines = node.trace("environment").split("\n");
  return new Map(
    lines.map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]),
  );
}

describe("a runner's environment", () => {
  it("has what the pool's lines set, in the order they stand, and the shell is ours again afterwards", async () => {
    const node = new Node(CURIOUS);
    const environment = [
      "export MODULE=gcc",
      'greeting="it\'s $MODULE"; export greeting',
      "set -euo pipefail; umask 000; trap 'exit 9' TERM; IFS=x",
    ];
    await node.runs({ environment });
    expect(variables(node).get("greeting")).toBe("it's gcc");
    expect(await node.hears("ends")).toMatchObject({ cause: "served" });
  });

  it("is without surprises where nothing is configured", async () => {
    const node = new Node(CURIOUS);
    await node.runs();
    const seen = variables(node);
    expect(seen.get("ACTIONS_RUNNER_RETURN_JOB_RESULT_FOR_HOSTED")).toBe("1");
    expect(seen.get("ACTIONS_RUNNER_RETURN_VERSION_DEPRECATED_EXIT_CODE")).toBe("1");
    expect(seen.get("TMPDIR")).toMatch(/\/runner\.\w{8}\/tmp$/);
    expect([...seen.keys()].filter((name) => /proxy|CERT|SSL|HOOK|CACHE|ghr_/i.test(name))).toEqual(
      [],
    );
    await node.ended();
  });

  it("has the site's proxies, authorities, caches and TMPDIR", async () => {
    const node = new Node(
      `${CURIOUS}; cat "$SSL_CERT_FILE" >"$out/certificates"; cat "$NODE_EXTRA_CA_CERTS" >"$out/extra"`,
    );
    const own = join(node.directory, "site.pem");
    writeFileSync(own, "the site's own\n");
    await node.runs({
      environment: ["export no_proxy=$no_proxy,more.example.org"],
      node: {
        ...DEFAULT_NODE_SETTINGS,
        proxy: {
          https: "http://user:pa'ss@proxy.example.org:3128",
          http: "http://proxy.example.org:3128",
          except: ["localhost", ".example.org"],
        },
        certificates: own,
        temporary: "allocation",
        toolCache: "/shared/tools",
        actionCache: "/shared/actions",
      },
    });
    const seen = variables(node);
    for (const name of ["https_proxy", "HTTPS_PROXY"]) {
      expect(seen.get(name)).toBe("http://user:pa'ss@proxy.example.org:3128");
    }
    expect(seen.get("http_proxy")).toBe("http://proxy.example.org:3128");
    expect(seen.get("no_proxy")).toBe("localhost,.example.org,more.example.org");
    expect(seen.get("TMPDIR")).toBe(node.scratch);
    expect(seen.get("RUNNER_TOOL_CACHE")).toBe("/shared/tools");
    expect(seen.get("ACTIONS_RUNNER_ACTION_ARCHIVE_CACHE")).toBe("/shared/actions");
    expect(
      new Set([seen.get("SSL_CERT_FILE"), seen.get("GIT_SSL_CAINFO"), seen.get("CURL_CA_BUNDLE")])
        .size,
    ).toBe(1);
    expect(node.trace("certificates").endsWith("the site's own\n")).toBe(true);
    expect(node.trace("extra")).toBe("the site's own\n");
    await node.ended();
  });

  it("has hooks that run all of the site's in their order, until one fails", async () => {
    const node = new Node(`
      bash -e "$ACTIONS_RUNNER_HOOK_JOB_STARTED" >"$out/started"; echo $? >"$out/status"
      echo "\${ACTIONS_RUNNER_HOOK_JOB_COMPLETED-none}" >"$out/completed"`);
    const directory = join(node.directory, "it's $(here)");
    mkdirSync(directory);
    const hooks = ["one", "two", "three"].map((name, index) => {
      const path = join(directory, `${name}.sh`);
      writeFileSync(
        path,
        `#!/bin/sh\necho ${name} of $GITHUB_REPOSITORY\nexit ${index === 1 ? 4 : 0}\n`,
      );
      chmodSync(path, 0o700);
      return path;
    });
    await node.runs({
      environment: ["export GITHUB_REPOSITORY=sandbox"],
      node: { ...DEFAULT_NODE_SETTINGS, jobStarted: hooks },
    });
    expect(node.trace("started")).toBe(
      `one of sandbox\ntwo of sandbox\n::error::The site's hook ${hooks[1]} failed with 4\n`,
    );
    expect(node.trace("status")).toBe("4\n");
    expect(node.trace("completed")).toBe("none\n");
    await node.ended();
  });

  it.each([true, false])("is that of a login shell: %s", async (loginShell) => {
    const node = new Node(CURIOUS);
    writeFileSync(join(node.directory, ".bash_profile"), "module() { export LOADED=$2; }\n");
    const about = {
      environment: ["module load gcc || true"],
      node: { ...DEFAULT_NODE_SETTINGS, loginShell },
    };
    // A shell that is named on the command line is no login shell.
    if (process.env["HPC_RUNNERS_TEST_BASH"] !== undefined) return;
    await node.runs(about);
    expect(variables(node).get("LOADED")).toBe(loginShell ? "gcc" : undefined);
    await node.ended();
  });
});
