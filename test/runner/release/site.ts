import { pino } from "pino";
import { expect, onTestFinished } from "vitest";
import { startGitHubEmulator, type GitHubEmulator } from "../../../src/emulator/github/emulator.ts";
import type { Exchange } from "../../../src/emulator/github/server.ts";
import { createProbot } from "../../../src/github/probot.ts";
import { listOffers } from "../../../src/runner/release/catalogue.ts";
import { installRelease, type InstallContext } from "../../../src/runner/release/install.ts";
import type { Progress } from "../../../src/runner/release/progress.ts";
import { ReleaseShelf } from "../../../src/runner/release/shelf.ts";
import type { Offers, ReleaseRequest } from "../../../src/runner/release/source.ts";
import { mistakesOfExchange } from "../../helpers/openapi.ts";

export const WANTED: ReleaseRequest = {
  architecture: "x64",
  version: null,
  from: null,
  sha256: null,
  unverified: false,
};

/** An emulated GitHub with releases, and a shelf for them. Every call of its API is checked against GitHub's description. */
export class Site {
  readonly github: GitHubEmulator;
  readonly shelf: ReleaseShelf;
  readonly offers: Offers;
  readonly progress: Progress[] = [];
  #arrivals: { readonly bytes: number; readonly resolve: () => void }[] = [];

  private constructor(github: GitHubEmulator, directory: string) {
    this.github = github;
    this.shelf = new ReleaseShelf(directory);
    const app = { id: github.appId, privateKey: github.privateKey, webhookSecret: "-" };
    const log = pino({ level: "silent" });
    const probot = createProbot({ app, apiUrl: `${this.web}/api/v3` }, 60_000, fetch, log);
    this.offers = () => listOffers((installationId) => probot.auth(installationId));
  }

  static async open(directory: string): Promise<Site> {
    const exchanges: Exchange[] = [];
    const github = await startGitHubEmulator({
      organization: "hpc-sandbox",
      repositories: ["model"],
      webhookSecret: "-",
      onExchange: (exchange) => exchanges.push(exchange),
    });
    onTestFinished(async () => {
      await github.stop();
      expect(exchanges.flatMap(mistakesOfExchange)).toEqual([]);
    });
    return new Site(github, directory);
  }

  get web(): string {
    return `http://${this.github.host}`;
  }

  /** Publishes a release, and lets GitHub want it. */
  publish(version: string, archive: Buffer, sha256?: string | null): void {
    const checksum = sha256 === undefined ? {} : { sha256 };
    this.github.releases.publish({ version, architecture: "x64", archive, ...checksum });
  }

  /** When so much of a file has been written down. */
  arrived(bytes: number): Promise<void> {
    return new Promise((resolve) => {
      this.#arrivals.push({ bytes, resolve });
    });
  }

  install(request: Partial<ReleaseRequest> = {}, context: Partial<InstallContext> = {}) {
    return installRelease(
      { ...WANTED, ...request },
      {
        shelf: this.shelf,
        offers: this.offers,
        mirror: null,
        fetch,
        onProgress: (each) => {
          this.progress.push(each);
          for (const { bytes, resolve } of this.#arrivals) if (each.done >= bytes) resolve();
        },
        signal: new AbortController().signal,
        now: Date.now,
        ...context,
      },
    );
  }
}
