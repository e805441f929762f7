import { z } from "zod";
import type { Actions } from "./actions.ts";
import type { Authentication, Caller } from "./authentication.ts";
import { encodeJitConfig } from "./jit-config.ts";
import { outcomeOf, type EmulatedRun, type GitHubState } from "./state.ts";
import type { Releases } from "../releases/releases.ts";
import { PERMISSIONS, timestamp, type Views } from "./views.ts";
import type { EmulatedDelivery, Webhooks } from "./webhooks.ts";

export interface ApiCall {
  /** What the braces of the route stand for. */
  readonly parameters: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly body: unknown;
}

export interface ApiAnswer {
  readonly status: number;
  /** `undefined` for none. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface ApiRoute {
  readonly method: "GET" | "POST" | "DELETE";
  /** As GitHub's OpenAPI description writes it. */
  readonly path: string;
  readonly caller: Exclude<Caller, null>;
  readonly handler: (call: ApiCall) => ApiAnswer;
}

export interface ApiContext {
  readonly state: GitHubState;
  readonly actions: Actions;
  readonly webhooks: Webhooks;
  readonly views: Views;
  readonly authentication: Authentication;
  readonly releases: Releases;
  /** Where browsers go, without a slash at its end. */
  readonly web: string;
  /** Where runners of the emulated GitHub connect to. */
  readonly runnerService: string;
}

const NOT_FOUND: ApiAnswer = { status: 404, body: { message: "Not Found" } };

/** The part of GitHub's REST API that the program uses. */
export function apiRoutes(context: ApiContext): readonly ApiRoute[] {
  return [...appRoutes(context), ...runnerRoutes(context), ...jobRoutes(context)];
}

function appRoutes({ state, views, webhooks, authentication }: ApiContext): ApiRoute[] {
  const deliveryOf = ({ parameters }: ApiCall): EmulatedDelivery | undefined =>
    webhooks.log.find(({ id }) => String(id) === parameters["delivery_id"]);
  return [
    {
      method: "GET",
      path: "/app",
      caller: "app",
      handler: () => ({ status: 200, body: views.app() }),
    },
    {
      method: "GET",
      path: "/app/installations",
      caller: "app",
      handler: () => ({ status: 200, body: [views.installation()] }),
    },
    {
      method: "POST",
      path: "/app/installations/{installation_id}/access_tokens",
      caller: "app",
      handler({ parameters }) {
        if (parameters["installation_id"] !== String(state.installationId)) return NOT_FOUND;
        const { token, expiresAt } = authentication.newToken();
        const body = {
          token,
          expires_at: timestamp(expiresAt),
          permissions: PERMISSIONS,
          repository_selection: "all",
        };
        return { status: 201, body };
      },
    },
    {
      method: "GET",
      path: "/app/hook/deliveries",
      caller: "app",
      handler: ({ query }) => listDeliveries(state, webhooks, query),
    },
    {
      method: "GET",
      path: "/app/hook/deliveries/{delivery_id}",
      caller: "app",
      handler(call) {
        const delivery = deliveryOf(call);
        if (!delivery) return NOT_FOUND;
        const body = {
          ...viewDelivery(state, delivery),
          url: webhooks.url ?? "",
          request: { headers: { "X-GitHub-Event": delivery.event }, payload: delivery.payload },
          response: { headers: {}, payload: "" },
        };
        return { status: 200, body };
      },
    },
    {
      method: "POST",
      path: "/app/hook/deliveries/{delivery_id}/attempts",
      caller: "app",
      handler(call) {
        const delivery = deliveryOf(call);
        if (!delivery) return NOT_FOUND;
        webhooks.redeliver(delivery);
        return { status: 202, body: {} };
      },
    },
    {
      method: "GET",
      path: "/installation/repositories",
      caller: "installation",
      handler({ query }) {
        const all = state.repositories.map((each) => views.repository(each));
        return page(query, "repositories", all);
      },
    },
  ];
}

function listDeliveries(state: GitHubState, webhooks: Webhooks, query: URLSearchParams): ApiAnswer {
  const perPage = Number(query.get("per_page") ?? 30);
  const cursor = query.get("cursor");
  const newestFirst = webhooks.log.toReversed();
  const from = cursor === null ? 0 : newestFirst.findIndex(({ id }) => `v1_${id}` === cursor);
  const shown = newestFirst.slice(from, from + perPage);
  const next = newestFirst[from + perPage];
  const link = `<${NEXT_BASE}?per_page=${perPage}&cursor=v1_${next?.id}>; rel="next"`;
  return {
    status: 200,
    body: shown.map((each) => viewDelivery(state, each)),
    ...(next ? { headers: { link } } : {}),
  };
}

/** The server puts its own address in its place. */
export const NEXT_BASE = "{api}/app/hook/deliveries";

function viewDelivery(state: GitHubState, delivery: EmulatedDelivery) {
  return {
    id: delivery.id,
    guid: delivery.guid,
    delivered_at: timestamp(delivery.deliveredAt),
    redelivery: delivery.redelivery,
    duration: delivery.duration / 1000,
    status: delivery.statusCode >= 200 && delivery.statusCode < 300 ? "OK" : "failed",
    status_code: delivery.statusCode,
    event: delivery.event,
    action: delivery.action,
    installation_id: state.installationId,
    repository_id: null,
  };
}

const JitRequest = z.object({
  name: z.string().min(1).max(64), // facts/github.md §2
  runner_group_id: z.number().int(),
  labels: z.array(z.string().min(1).max(256)).min(1).max(100),
  work_folder: z.string().optional(),
});

function runnerRoutes(context: ApiContext): ApiRoute[] {
  const { state, views, actions, releases, web } = context;
  const inOrganization = (handler: ApiRoute["handler"]): ApiRoute["handler"] => {
    return (call) => (call.parameters["org"] === state.organization ? handler(call) : NOT_FOUND);
  };
  const runnerOf = ({ parameters }: ApiCall) => state.runners.get(Number(parameters["runner_id"]));
  return [
    {
      method: "GET",
      path: "/orgs/{org}/actions/runner-groups",
      caller: "installation",
      handler: inOrganization(({ query }) =>
        page(
          query,
          "runner_groups",
          state.groups.map((each) => views.runnerGroup(each)),
        ),
      ),
    },
    {
      method: "POST",
      path: "/orgs/{org}/actions/runners/generate-jitconfig",
      caller: "installation",
      handler: inOrganization((call) => generateJitConfig(context, call)),
    },
    {
      method: "GET",
      path: "/orgs/{org}/actions/runners",
      caller: "installation",
      handler: inOrganization(({ query }) => {
        const name = query.get("name");
        const found = [...state.runners.values()].filter(
          (each) => name === null || each.name === name,
        );
        return page(
          query,
          "runners",
          found.map((each) => views.runner(each)),
        );
      }),
    },
    {
      method: "GET",
      path: "/orgs/{org}/actions/runners/downloads",
      caller: "installation",
      handler: inOrganization(() => ({ status: 200, body: releases.offers(web) })),
    },
    {
      method: "GET",
      path: "/orgs/{org}/actions/runners/{runner_id}",
      caller: "installation",
      handler: inOrganization((call) => {
        const runner = runnerOf(call);
        return runner ? { status: 200, body: views.runner(runner) } : NOT_FOUND;
      }),
    },
    {
      method: "DELETE",
      path: "/orgs/{org}/actions/runners/{runner_id}",
      caller: "installation",
      handler: inOrganization((call) => {
        const runner = runnerOf(call);
        if (!runner) return NOT_FOUND;
        if (actions.deregister(runner)) return { status: 204 };
        const message = `Runner "${runner.name}" is currently running a job and cannot be deleted.`;
        return { status: 422, body: { message } };
      }),
    },
  ];
}

function generateJitConfig(
  { state, actions, views, runnerService }: ApiContext,
  { body }: ApiCall,
): ApiAnswer {
  const request = JitRequest.safeParse(body);
  if (!request.success) {
    return { status: 422, body: { message: z.prettifyError(request.error) } };
  }
  const { name, labels, runner_group_id: groupId } = request.data;
  const group = state.groups.find(({ id }) => id === groupId);
  if (!group) return NOT_FOUND;
  if ([...state.runners.values()].some((each) => each.name === name)) {
    const message = `Already exists - A runner with the name ${name} already exists.`;
    return { status: 409, body: { message } };
  }
  const runner = actions.register(name, labels, group);
  const encoded = encodeJitConfig({ runner, service: runnerService });
  return { status: 201, body: { runner: views.runner(runner), encoded_jit_config: encoded } };
}

function jobRoutes({ state, views }: ApiContext): ApiRoute[] {
  const runsOf = ({ parameters }: ApiCall): EmulatedRun[] => {
    const owned = parameters["owner"] === state.organization;
    return owned ? state.runs.filter((run) => run.repository.name === parameters["repo"]) : [];
  };
  const runOf = (call: ApiCall): EmulatedRun | undefined =>
    runsOf(call).find(({ id }) => String(id) === call.parameters["run_id"]);
  return [
    {
      method: "GET",
      path: "/repos/{owner}/{repo}/actions/jobs/{job_id}",
      caller: "installation",
      handler(call) {
        const job = state.jobs.get(Number(call.parameters["job_id"]));
        const shown = job && runsOf(call).includes(job.run);
        return shown ? { status: 200, body: views.job(job) } : NOT_FOUND;
      },
    },
    {
      method: "GET",
      path: "/repos/{owner}/{repo}/actions/runs",
      caller: "installation",
      handler(call) {
        const status = call.query.get("status");
        const runs = runsOf(call).filter((run) => {
          return status === null || outcomeOf(run).status === status;
        });
        const shown = runs.toReversed().map((run) => views.run(run));
        return page(call.query, "workflow_runs", shown);
      },
    },
    {
      method: "GET",
      path: "/repos/{owner}/{repo}/actions/runs/{run_id}",
      caller: "installation",
      handler(call) {
        const run = runOf(call);
        return run ? { status: 200, body: views.run(run) } : NOT_FOUND;
      },
    },
    {
      method: "GET",
      path: "/repos/{owner}/{repo}/actions/runs/{run_id}/jobs",
      caller: "installation",
      handler(call) {
        const run = runOf(call);
        if (!run) return NOT_FOUND;
        return page(
          call.query,
          "jobs",
          run.jobs.map((job) => views.job(job)),
        );
      },
    },
  ];
}

function page(query: URLSearchParams, name: string, all: readonly unknown[]): ApiAnswer {
  const perPage = Math.min(100, Number(query.get("per_page") ?? 30));
  const number = Number(query.get("page") ?? 1);
  const shown = all.slice((number - 1) * perPage, number * perPage);
  const following = new URLSearchParams(query);
  following.set("page", String(number + 1));
  const link = `<{api}{path}?${following.toString()}>; rel="next"`;
  return {
    status: 200,
    body: { total_count: all.length, [name]: shown },
    ...(number * perPage < all.length ? { headers: { link } } : {}),
  };
}
