import { DEFAULT_NODE_SETTINGS, type NodeSettings } from "../domain/node-settings.ts";
import { SECOND } from "../domain/time.ts";
import type { Settings } from "./schema.ts";

type NodeKeys = Settings["node"];

/** A pool's settings: its own keys, then the file's, then the defaults. `expand` makes paths absolute. */
export function toNodeSettings(
  common: NodeKeys,
  own: NodeKeys,
  expand: (path: string) => string,
): NodeSettings {
  const keys = { ...common, ...own };
  const other = DEFAULT_NODE_SETTINGS;
  const place = (path: string | undefined): string | null =>
    path === undefined ? null : expand(path);
  const temporary = keys.tmpdir ?? other.temporary;
  return {
    loginShell: keys.login_shell ?? other.loginShell,
    proxy: {
      https: keys.https_proxy ?? null,
      http: keys.http_proxy ?? null,
      except: keys.no_proxy ?? [],
    },
    certificates: place(keys.ca),
    temporary: temporary === "runner" || temporary === "allocation" ? temporary : expand(temporary),
    toolCache: place(keys.tool_cache),
    actionCache: place(keys.action_cache),
    jobStarted: (keys.job_started ?? []).map(expand),
    jobCompleted: (keys.job_completed ?? []).map(expand),
    marginSeconds: seconds(keys.stop_before) ?? other.marginSeconds,
    connectSeconds: seconds(keys.connect_within) ?? other.connectSeconds,
    idleSeconds: seconds(keys.idle_within) ?? other.idleSeconds,
  };
}

function seconds(milliseconds: number | undefined): number | null {
  return milliseconds === undefined ? null : milliseconds / SECOND;
}
