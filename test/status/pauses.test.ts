import { expect, it } from "vitest";
import { createRecords } from "../../src/status/records.ts";
import { PLAIN } from "../../src/status/screen.ts";
import { statusPage } from "../../src/status/status-page.ts";
import { Store } from "../../src/store/store.ts";
import { poolWith } from "../helpers/pool.ts";

const NOW = Date.parse("2026-11-25T12:00:00Z");

it("says what is paused in words of GitHub and PBS, not in ours", async () => {
  const store = Store.inMemory();
  store.saveInstallations([{ installationId: 7, organization: "science" }]);
  for (const subject of ["installation:7", "installation:8", "pool:derecho", "allocations:derecho"])
    store.saveHold({ subject, failures: 2, until: NOW + 60_000, reason: "no" });
  const directories = { shared: "/shared", runner: "/runner", scratch: null };
  const configuration = { pools: [poolWith({ name: "derecho" })], directories };
  const records = createRecords({ store, configuration, now: () => NOW });
  const page = statusPage(await records.status(), PLAIN);
  const paused = page.split("\n").filter((line) => line.startsWith("Paused"));
  expect(paused.map((line) => line.split(": ")[1]).toSorted()).toEqual([
    "GitHub, for installation 8",
    "GitHub, for science",
    "pool derecho",
    "submissions of pool derecho",
  ]);
  expect(paused.every((line) => line.includes("2 failures in a row"))).toBe(true);
});
