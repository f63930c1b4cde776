import type { Runtime } from "./page_state.ts";

/** Why a request has no answer, in words for the visitor. */
export class Failure extends Error {
  override name = "Failure";

  constructor(
    message: string,
    /** What is wrong with each parameter that the server refused. */
    readonly errors: readonly { parameter: string; message: string }[] = [],
    /** After how many seconds the request may be repeated, if the server said so. */
    readonly retryAfter?: number,
    /** A runtime that can answer instead. */
    readonly instead?: Runtime,
  ) {
    super(message);
  }

  /** Reads the failure that an error response describes. */
  static async of(response: Response): Promise<Failure> {
    const problem = await response.json().catch(() => ({}));
    if (response.status === 429) {
      const seconds = Number(response.headers.get("retry-after")) || 10;
      const wait = `${seconds} second${seconds === 1 ? "" : "s"}`;
      return new Failure(
        `The server has had too many requests from you. It answers again in ${wait}.`,
        [],
        seconds,
      );
    }
    const reason = problem.detail ?? `it answered ${response.status}`;
    if (response.status < 500) return new Failure(`${reason}.`, problem.errors);
    const retryAfter = Number(response.headers.get("retry-after")) || undefined;
    return new Failure(`The server cannot answer: ${reason}.`, [], retryAfter);
  }

  /** The failure of a request that did not reach the server. */
  static unreachable(): Failure {
    return new Failure("The server cannot be reached. Are you online? What you typed is kept.");
  }

  /** Converts a thrown value to a failure. */
  static from(error: unknown): Failure {
    if (error instanceof Failure) return error;
    return new Failure((error as Error).message);
  }
}
