import { z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { streamSSE } from "hono/streaming";
import { once } from "../../shared/once.ts";
import { finiteOrNull } from "../../shared/score_record.ts";
import type { ModelCard } from "../../shared/model_card.ts";
import type { NameSearch } from "../../shared/name_search.ts";
import { nounOf } from "../../shared/noun.ts";
import type { SampledName } from "../../shared/sampler.ts";
import { problemOf } from "../problem.ts";

/** The media type of server-sent events. */
export const EVENT_STREAM = "text/event-stream";
/** Names are generated 1, 2, 4 … at a time, up to this: the first is sent early, and later ones share a run of the model. */
const MAX_AT_ONCE = 64;
/** Replaces the count in the id of the last event. */
const END = "end";

/** The events of a stream of names, for the OpenAPI document. */
export const eventsSchema: () => z.ZodString = once(() =>
  z.string().openapi({
    description:
      "An event `name` for each thing: its data is an element of `names` in the JSON response, its id the seed and " +
      "the number of things so far. Then one event `end` with model, seed, count and, if things are missing, " +
      "shortfall; or `error` with a problem document",
  })
);

/** An example of a stream with one name, for the OpenAPI document. */
export const EVENTS_EXAMPLE =
  'event: name\ndata: {"name":"marlena","nll":1.9,"perplexity":6.7}\nid: 42-1\n\n' +
  'event: end\ndata: {"model":"gru","seed":42,"count":1}\nid: 42-end\n\n';

/** The last event of an interrupted stream. */
export interface LastEvent {
  seed: number;
  /** How many names the client has received. */
  sent: number;
  /** Whether the client has received the `end` event. */
  ended: boolean;
}

/** Converts a name to its form in a response. */
export function nameFigures(
  { name, nll, perplexity }: SampledName,
): { name: string; nll: number | null; perplexity: number | null } {
  return { name, nll: finiteOrNull(nll), perplexity: finiteOrNull(perplexity) };
}

/**
 * Parses `Last-Event-ID`. An `EventSource` repeats its request with this header when the connection is lost, or the stream has
 * ended, and receives the remaining events.
 *
 * @param seed The seed of the request, if it has one.
 * @returns null if the client has received no event of this stream.
 */
export function readLastEvent(context: Context, seed?: number): LastEvent | null {
  const id = /^(\d{1,16})-(\d{1,4}|end)$/.exec(context.req.header("last-event-id") ?? "");
  if (!id) return null;
  const [itsSeed, ended] = [Number(id[1]), id[2] === END];
  if (!Number.isSafeInteger(itsSeed) || (seed !== undefined && seed !== itsSeed)) return null;
  return { seed: itsSeed, sent: ended ? 0 : Number(id[2]), ended };
}

/**
 * Streams names as server-sent events as they are found, at the pace at which the client reads, and stops when the client
 * disconnects. To HEAD it answers with the headers alone.
 *
 * @param sent How many names the client has already received: they are generated again, but not sent.
 */
export function streamNames(
  context: Context,
  search: NameSearch,
  { card, seed, sent }: { card: ModelCard; seed: number; sent: number },
): Response {
  if (context.req.method === "HEAD") return context.body(null, 200, { "content-type": EVENT_STREAM });
  let ended: (namesSent: number) => void;
  context.set("namesSent", new Promise((resolve) => ended = resolve));
  const response = streamSSE(context, async (stream) => {
    let count = 0;
    try {
      for (let about = 1; !search.done && !stream.aborted; about = Math.min(2 * about, MAX_AT_ONCE)) {
        for (const name of await search.next(about)) {
          if (++count <= sent) continue;
          await stream.writeSSE({
            event: "name",
            data: JSON.stringify(nameFigures(name)),
            id: `${seed}-${count}`,
          });
        }
        // If all rows are in the cache, nothing above yields to the event loop, which handles disconnects and other requests.
        await stream.sleep(0);
      }
      const shortfall = search.shortfall(nounOf(card));
      const data = JSON.stringify({ model: card.name, seed, count, ...(shortfall && { shortfall }) });
      if (!stream.aborted) await stream.writeSSE({ event: "end", data, id: `${seed}-${END}` });
    } catch (error) {
      await stream.writeSSE({ event: "error", data: JSON.stringify(problemOf(error as Error)) });
    } finally {
      ended(Math.max(0, count - sent));
    }
  });
  response.headers.set("cache-control", "no-store"); // streamSSE sets no-cache, which permits storing it
  return response;
}
