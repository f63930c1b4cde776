/// <reference lib="dom" />
import type { hc, InferResponseType } from "hono/client";
import { useEffect, useState } from "preact/hooks";
import type { App } from "../functions/app.ts";
import { Failure } from "./failure.ts";
import type { Runtime } from "./page_state.ts";
import { openRuntime } from "./runtime.ts";

type Client = ReturnType<typeof hc<App>>;
/** The routes that the page asks. */
export type Route = "generate" | "score" | "next" | "models" | "health";
/** The JSON that a route answers with. */
export type Answer<Name extends Route> = Exclude<InferResponseType<Client[Name]["$get"], 200>, string>;

/** The state of a request. While the next one is under way, the last answer stays; a failure removes it. */
export interface Asked<Name extends Route> {
  answer?: Answer<Name>;
  /** How long the answer took, in milliseconds, and which runtime gave it. */
  milliseconds?: number;
  runtime?: Runtime;
  /** Why the last request has no answer. */
  failure?: Failure;
  pending: boolean;
  /** Sends the request again. */
  retry(): void;
}

/**
 * Requests a path whenever it changes, and abandons the request before. After a failure it retries when the server said
 * it may, or when the connection is back.
 *
 * @param path The path; null requests nothing.
 * @param model The model that the request is about: undefined while it is not known, "" where it is about none.
 * @param delay How long the path must stay the same before it is requested, in milliseconds.
 * @param firstDelay The same for the first path.
 */
export function useAnswer<Name extends Route>(
  path: string | null,
  runtime: Runtime,
  model: string | undefined,
  delay = 0,
  firstDelay = 0,
): Asked<Name> {
  const [asked, setAsked] = useState<Omit<Asked<Name>, "retry">>({ pending: false });
  const [attempt, setAttempt] = useState(0);
  const retry = () => setAttempt((attempt) => attempt + 1);

  // The edge knows its default model, so a request to it does not wait until the page knows it too.
  const needed = runtime === "edge" ? "" : model;

  useEffect(() => {
    if (path === null) return setAsked({ pending: false });
    if (needed === undefined) return;
    const abort = new AbortController();
    setAsked((last) => ({ ...last, pending: true }));
    const timer = setTimeout(async () => {
      try {
        const fetchFrom = await openRuntime(runtime, model ?? "");
        const started = performance.now();
        const response = await fetchFrom(path, abort.signal);
        const answer = await readAnswer<Name>(path, response);
        const milliseconds = performance.now() - started;
        if (!abort.signal.aborted) setAsked({ answer, milliseconds, runtime, pending: false });
      } catch (error) {
        if (abort.signal.aborted) return;
        setAsked({ failure: Failure.from(error), pending: false });
      }
    }, asked.answer || asked.failure ? delay : firstDelay);
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }, [path, runtime, needed, attempt]);

  useEffect(() => {
    if (!asked.failure) return;
    addEventListener("online", retry);
    const { retryAfter } = asked.failure;
    const timer = retryAfter === undefined ? undefined : setTimeout(retry, 1000 * retryAfter);
    return () => {
      removeEventListener("online", retry);
      clearTimeout(timer);
    };
  }, [asked.failure]);

  return { ...asked, retry };
}

/**
 * Reads an answer. With 503, /health says that no model is ready, and also which are being opened: an answer, too.
 *
 * @throws {Failure} If the response is none.
 */
async function readAnswer<Name extends Route>(path: string, response: Response): Promise<Answer<Name>> {
  if (response.ok) return await response.json();
  if (path === "/health" && response.status === 503) {
    const health = await response.clone().json().catch(() => null);
    if (Array.isArray(health?.models)) return health; // else it is not the API's own
  }
  throw await Failure.of(response);
}

const WHERE: Record<Runtime, string> = {
  edge: "at the edge",
  wasm: "in this browser by WebAssembly",
  webgpu: "in this browser by WebGPU",
};

/** How long an answer took and where it was computed, in words. */
export function elapsed(
  { milliseconds = 0, runtime = "edge" }: Asked<Route>,
): { time: string; where: string } {
  return { time: `${milliseconds.toFixed(milliseconds < 10 ? 1 : 0)} ms`, where: WHERE[runtime] };
}
