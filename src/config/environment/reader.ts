import type { Variables } from "../places.ts";

export interface EnvironmentMistake {
  readonly variable: string;
  /** Readable after the variable's name: "is missing". Never holds its value. */
  readonly message: string;
  readonly cure: string;
}

/** The environment is not enough to start with. Holds every mistake, a line each. Caller: stop. */
export class EnvironmentError extends Error {
  override readonly name = "EnvironmentError";
  readonly mistakes: readonly EnvironmentMistake[];

  constructor(mistakes: readonly EnvironmentMistake[]) {
    super(mistakes.map((each) => `${each.variable} ${each.message}: ${each.cure}.`).join("\n"));
    this.mistakes = mistakes;
  }
}

/** Collects what is wrong while variables are read, so that all of it is told at once. */
export class EnvironmentReader {
  variables: Variables = {};
  readonly warnings: string[] = [];
  readonly #mistakes: EnvironmentMistake[] = [];

  /** `null` when not set, or set to nothing. */
  optional(variable: string): string | null {
    const value = this.variables[variable]?.trim();
    return value === undefined || value === "" ? null : value;
  }

  /** As {@link optional}, but a missing one is a mistake. */
  required(variable: string, cure: string): string | null {
    const value = this.optional(variable);
    if (value === null) this.mistake(variable, "is missing", cure);
    return value;
  }

  choice<Choice extends string>(variable: string, choices: readonly Choice[]): Choice | null {
    const value = this.optional(variable)?.toLowerCase() ?? null;
    if (value === null) return null;
    const found = choices.find((choice) => choice === value);
    if (found === undefined)
      this.mistake(variable, "has an unknown value", `write ${choices.join(", ")}`);
    return found ?? null;
  }

  mistake(variable: string, message: string, cure: string): void {
    this.#mistakes.push({ variable, message, cure });
  }

  throwMistakes(): void {
    if (this.#mistakes.length > 0) throw new EnvironmentError(this.#mistakes);
  }
}
