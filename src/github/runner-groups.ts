import { z } from "zod";
import type { Octokit } from "./octokit.ts";

/** Ids of runner groups by name: asked once for each organization, however many ask at the same time. */
export class RunnerGroups {
  readonly #asked = new Map<string, Promise<ReadonlyMap<string, number>>>();

  /** `null` if the organization has no group of that name (compared without regard to case, as GitHub does). */
  async idOf(octokit: Octokit, organization: string, group: string): Promise<number | null> {
    let asked = this.#asked.get(organization);
    if (!asked) {
      asked = list(octokit, organization);
      this.#asked.set(organization, asked);
    }
    try {
      const id = (await asked).get(group.toLowerCase());
      // It may be made in a minute: an absence is not remembered.
      if (id === undefined) this.forget(organization);
      return id ?? null;
    } catch (error) {
      this.forget(organization);
      throw error;
    }
  }

  /** Asks again next time: a group was deleted or made anew. */
  forget(organization: string): void {
    this.#asked.delete(organization);
  }
}

/** The endpoint is GitHub Enterprise Cloud's and Server's too, and not in Octokit's typed methods. */
const Page = z.object({
  total_count: z.number(),
  runner_groups: z.array(z.object({ id: z.number().int(), name: z.string() })),
});

async function list(octokit: Octokit, organization: string): Promise<ReadonlyMap<string, number>> {
  const ids = new Map<string, number>();
  for (let page = 1; ; page++) {
    const { data } = await octokit.request("GET /orgs/{org}/actions/runner-groups", {
      org: organization,
      per_page: 100,
      page,
      request: { retries: 0 },
    });
    const { total_count: total, runner_groups: groups } = Page.parse(data);
    for (const group of groups) ids.set(group.name.toLowerCase(), group.id);
    if (groups.length === 0 || ids.size >= total) return ids;
  }
}
