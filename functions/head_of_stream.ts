import { EVENT_STREAM } from "./name_events.ts";

/**
 * Leaves Content-Length out of the answer to HEAD where GET is answered by a stream of events. Deno sets it to 0 on an answer
 * without a body, and sends none of the body that it is given here instead.
 *
 * @param fetch Answers requests.
 */
export function answerHeadOfStreams(
  fetch: (request: Request) => Response | Promise<Response>,
): (request: Request) => Promise<Response> {
  return async (request) => {
    const response = await fetch(request);
    if (request.method !== "HEAD" || response.headers.get("content-type") !== EVENT_STREAM) return response;
    return new Response(new ReadableStream({}, { highWaterMark: 0 }), response);
  };
}
