import { z } from "zod";
import type { Overview } from "../status/overview.ts";
import type {
  AllocationList,
  AllocationRecord,
  JobList,
  Records,
  StatusView,
  Which,
} from "../status/records.ts";
import { API, type InstanceView } from "./api.ts";
import type { ApiAccess } from "./api-access.ts";

/** The running instance did not answer, or not with what was asked for. Caller: read the store instead, or tell. */
export class ApiError extends Error {
  override readonly name = "ApiError";
}

/** What a running instance answers. */
export interface ApiClient extends Records {
  overview(): Promise<Overview>;
  status(): Promise<StatusView & { readonly instance: InstanceView }>;
}

/** How long a busy instance may take: its answers come from memory and a local file. */
const TIMEOUT = 10_000;

/** Asks a running instance. Every method rejects with {@link ApiError} when it does not answer. */
export function createApiClient(access: ApiAccess): ApiClient {
  return {
    overview: () => get<Overview>(access, API.overview),
    status: () => get(access, API.status),
    jobs: (which) => get<JobList>(access, `${API.jobs}?${queryOf(which)}`),
    allocations: (which) => get<AllocationList>(access, `${API.allocations}?${queryOf(which)}`),
    async allocation(key) {
      const path = `${API.allocations}/${encodeURIComponent(key)}`;
      return (await get<{ allocations: readonly AllocationRecord[] }>(access, path)).allocations;
    },
  };
}

async function get<T extends object>({ url, token }: ApiAccess, path: string): Promise<T> {
  const response = await fetch(new URL(path, url), {
    headers: { authorization: `Bearer ${token}` },
    signal: AbortSignal.timeout(TIMEOUT),
  }).catch((cause: unknown) => {
    throw new ApiError(`The instance at ${url} does not answer.`, { cause });
  });
  if (response.status === 404) {
    throw new ApiError(
      `The instance at ${url} does not know ${path}: it is of an older version, restart it.`,
    );
  }
  if (!response.ok) throw new ApiError(`The instance at ${url} answered ${response.status}.`);
  // What the same version of this program sent: looked at no further.
  const sent = z.custom<T>((value) => typeof value === "object" && value !== null);
  const body: unknown = await response.json().catch(() => null);
  const parsed = sent.safeParse(body);
  if (!parsed.success) throw new ApiError(`The instance at ${url} answered something else.`);
  return parsed.data;
}

function queryOf({ all, limit }: Which): string {
  return new URLSearchParams({ all: all ? "1" : "0", limit: String(limit) }).toString();
}
