/** What goes wrong with a call of the API. */
export type ApiFault =
  /** Nothing is done; this is the answer. */
  | {
      readonly kind: "answer";
      readonly status: number;
      readonly message?: string;
      readonly headers?: Readonly<Record<string, string>>;
    }
  /** It is done, and the connection breaks before the answer. */
  | { readonly kind: "lose-answer" }
  /** It is done after this time, milliseconds. */
  | { readonly kind: "slow"; readonly ms: number }
  /** Nothing is done, and nothing is answered until the client gives up. */
  | { readonly kind: "hang" };

/** Faults of the emulated API, by route: `POST /orgs/{org}/actions/runners/generate-jitconfig`. */
export class ApiFaults {
  readonly #planned: { readonly route: string; readonly fault: ApiFault; times: number }[] = [];
  /** Nothing is reachable: connections are cut. */
  down = false;

  /** The next `times` calls of a route meet this fault; `*` is any route. */
  add(route: string, fault: ApiFault, times = 1): void {
    this.#planned.push({ route, fault, times });
  }

  /** For the server. */
  take(route: string): ApiFault | null {
    const found = this.#planned.find(
      (each) => each.times > 0 && (each.route === route || each.route === "*"),
    );
    if (!found) return null;
    found.times -= 1;
    return found.fault;
  }
}
