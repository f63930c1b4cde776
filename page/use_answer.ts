/// <reference lib="dom" />
import { useEffect, useState } from "preact/hooks";
import { Failure } from "./failure.ts";
import type { Place } from "./page_state.ts";
import { askAt } from "./place.ts";

/** What came of a question. While the next is asked, the last answer stays. */
export interface Asked<Answer> {
  answer?: Answer;
  /** How long it took, in milliseconds, and where. */
  milliseconds?: number;
  place?: Place;
  /** Why there is no answer to the last question. */
  failure?: Failure;
  pending: boolean;
  /** Asks again. */
  retry(): void;
}

/**
 * Asks for a path, anew whenever it changes; who asks again does not wait for the question before. After a failure it
 * asks again by itself when the server said it may, or when the connection is back.
 *
 * @param path What to ask; null asks nothing.
 * @param model The model that the question is about; undefined as long as it is not known, "" where it is about none.
 * @param delay How long to wait for another change before asking, in milliseconds.
 */
export function useAnswer<Answer>(
  path: string | null,
  place: Place,
  model: string | undefined,
  delay = 0,
): Asked<Answer> {
  const [asked, setAsked] = useState<Omit<Asked<Answer>, "retry">>({ pending: false });
  const [attempt, setAttempt] = useState(0);
  const retry = () => setAttempt((attempt) => attempt + 1);

  // At the edge the path says which model, and the server which is its default: there nobody waits for a name.
  const needed = place === "edge" ? "" : model;

  useEffect(() => {
    if (path === null) return setAsked({ pending: false });
    if (needed === undefined) return;
    const abort = new AbortController();
    setAsked((last) => ({ ...last, pending: true }));
    const timer = setTimeout(async () => {
      try {
        const ask = await askAt(place, model ?? "");
        const started = performance.now();
        const response = await ask(path, abort.signal);
        if (!response.ok) throw await Failure.of(response);
        const answer = await response.json() as Answer;
        const milliseconds = performance.now() - started;
        if (!abort.signal.aborted) setAsked({ answer, milliseconds, place, pending: false });
      } catch (error) {
        if (abort.signal.aborted) return;
        setAsked((last) => ({ ...last, failure: Failure.from(error), pending: false }));
      }
    }, asked.answer ? delay : 0);
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }, [path, place, needed, attempt]);

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

const WHERE: Record<Place, string> = {
  edge: "at the edge",
  wasm: "in this browser by WebAssembly",
  webgpu: "in this browser by WebGPU",
};

/** Where an answer came from and how long it took, in words. */
export function elapsed({ milliseconds, place }: Asked<unknown>): string {
  if (milliseconds === undefined || !place) return "";
  return `${milliseconds < 10 ? milliseconds.toFixed(1) : milliseconds.toFixed(0)} ms ${WHERE[place]}`;
}
