import { z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { streamSSE } from "hono/streaming";
import { finiteOrNull } from "../../shared/score_record.ts";
import type { NameSearch } from "../../shared/name_search.ts";
import type { SampledName } from "../../shared/sampler.ts";
import { problemOf } from "../problem.ts";

/** The media type of server-sent events. */
export const EVENT_STREAM = "text/event-stream";
/** Names are asked for one, two, four … at a time: the first comes at once, and many share a run of the model. */
const MAX_AT_ONCE = 64;
/** What stands in the last event's id in place of a count. */
const END = "end";

/** The events of a stream of names, for its OpenAPI document. */
export const eventsSchema: z.ZodString = z.string().openapi({
  description:
    "An event `name` for each name: its data are those of a name in the JSON answer, its id the seed and " +
    "how many names there were. Then one event `end`, with model, seed, count and, where names are missing, " +
    "shortfall; or `error`, with a problem document",
});

/** A stream of one name, for its OpenAPI document. */
export const EVENTS_EXAMPLE =
  'event: name\ndata: {"name":"marlena","nll":1.9,"perplexity":6.7}\nid: 42-1\n\n' +
  'event: end\ndata: {"model":"tuned","seed":42,"count":1}\nid: 42-end\n\n';

declare module "hono" {
  interface ContextVariableMap {
    /** How many names a stream has sent, when it has ended or its client is gone. */
    namesSent?: Promise<number>;
  }
}

/** Where a stream goes on. */
export interface LastEvent {
  seed: number;
  /** How many names the client has had. */
  sent: number;
  /** It has had the last event. */
  ended: boolean;
}

/** A name as an answer has it. */
export function nameFigures(
  { name, nll, perplexity }: SampledName,
): { name: string; nll: number | null; perplexity: number | null } {
  return { name, nll: finiteOrNull(nll), perplexity: finiteOrNull(perplexity) };
}

/**
 * Reads the last event that a client got. An `EventSource` that lost its connection, or came to the end, asks for the
 * same again with this id, and gets the rest.
 *
 * @param seed The seed that it asks for, if any.
 * @returns null if it has had none of this stream.
 */
export function readLastEvent(context: Context, seed?: number): LastEvent | null {
  const id = /^(\d{1,16})-(\d{1,4}|end)$/.exec(context.req.header("last-event-id") ?? "");
  if (!id) return null;
  const [itsSeed, ended] = [Number(id[1]), id[2] === END];
  if (!Number.isSafeInteger(itsSeed) || (seed !== undefined && seed !== itsSeed)) return null;
  return { seed: itsSeed, sent: ended ? 0 : Number(id[2]), ended };
}

/**
 * Answers with each name as it is found, as server-sent events. It waits for a client that reads slowly, and when the
 * client goes away it stops looking. To HEAD it answers with the headers, and looks for nothing.
 *
 * @param sent How many names the client has had: they are found again, and not sent.
 */
export function streamNames(
  context: Context,
  search: NameSearch,
  { model, seed, sent }: { model: string; seed: number; sent: number },
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
        // Where all rows are known nothing else has waited: now a client can be heard to go, and others are answered.
        await stream.sleep(0);
      }
      const shortfall = search.shortfall();
      const data = JSON.stringify({ model, seed, count, ...(shortfall && { shortfall }) });
      if (!stream.aborted) await stream.writeSSE({ event: "end", data, id: `${seed}-${END}` });
    } catch (error) {
      await stream.writeSSE({ event: "error", data: JSON.stringify(problemOf(error as Error)) });
    } finally {
      ended(Math.max(0, count - sent));
    }
  });
  response.headers.set("cache-control", "no-store"); // streamSSE says no-cache, which lets a cache keep it
  return response;
}
