import type { Logger } from "pino";
import type { Action } from "../domain/action.ts";
import type { Store } from "../store/store.ts";
import type { Rules } from "../domain/world.ts";
import type { Ports } from "./ports.ts";

/** What every act needs. */
export interface ActContext {
  readonly store: Store;
  readonly ports: Ports;
  readonly log: Logger;
}

/** What submissions need besides. */
export interface SubmissionContext extends ActContext {
  readonly rules: Pick<Rules, "pools">;
}

/** The action of one kind. */
export type ActionOf<K extends Action["kind"]> = Extract<Action, { kind: K }>;
