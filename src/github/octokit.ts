import { ProbotOctokit } from "probot";

export type Octokit = InstanceType<typeof ProbotOctokit>;

/**
 * Probot's Octokit without its throttle (one write a second for the whole process) and its retries (four requests and
 * 14 s for one 409): the rate limiter and the plan do both, and know why. Only this form of `defaults` switches them off
 * (facts/stack.md §2.4).
 */
export const PlainOctokit = ProbotOctokit.defaults((options: { readonly throttle?: object }) => ({
  ...options,
  retry: { enabled: false },
  throttle: { ...options.throttle, enabled: false },
}));

/** `fetch` with a time limit on every request, also on those that Octokit makes by itself for its tokens. */
export function fetchWithin(timeoutMs: number, plain: typeof fetch = fetch): typeof fetch {
  return function fetchWithTimeLimit(resource, init) {
    const limit = AbortSignal.timeout(timeoutMs);
    const signal = init?.signal ? AbortSignal.any([init.signal, limit]) : limit;
    return plain(resource, { ...init, signal });
  };
}
