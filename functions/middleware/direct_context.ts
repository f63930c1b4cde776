import type { ContextVariableMap } from "hono";
import { HonoRequest } from "hono/request";

/**
 * What handlers use of Hono's `Context`, which makes fifteen closures for each request. Its responses have the same headers, in the same
 * order.
 */
export class DirectContext {
  readonly req: HonoRequest;
  readonly #variables: Partial<ContextVariableMap> = {};
  /** Headers that are set before there is a response. */
  #headers: Headers | undefined;

  /** @param env What the runtime passes on with a request, such as the client's address. */
  constructor(request: Request, path: string, readonly env: object = {}) {
    this.req = new HonoRequest(request, path);
  }

  get<Key extends keyof ContextVariableMap>(key: Key): ContextVariableMap[Key] | undefined {
    return this.#variables[key];
  }

  set<Key extends keyof ContextVariableMap>(key: Key, value: ContextVariableMap[Key]): void {
    this.#variables[key] = value;
  }

  header(name: string, value: string): void {
    (this.#headers ??= new Headers()).set(name, value);
  }

  json(value: unknown, status: number): Response {
    return this.newResponse(JSON.stringify(value), status, { "Content-Type": "application/json" });
  }

  text(text: string, status: number): Response {
    return this.newResponse(text, status, { "Content-Type": "text/plain; charset=UTF-8" });
  }

  body(body: BodyInit | null, status: number, headers?: Record<string, string>): Response {
    return this.newResponse(body, status, headers);
  }

  newResponse(body: BodyInit | null, status?: number, headers?: Record<string, string>): Response {
    const entries = headers === undefined ? [] : Object.entries(headers);
    if (this.#headers === undefined && entries.length <= 1) return new Response(body, { status, headers });
    const all = this.#headers ?? new Headers();
    for (const [name, value] of entries) all.set(name, value);
    return new Response(body, { status, headers: all });
  }
}
