import { EVENT_STREAM } from "../../routes/name_events.ts";

/**
 * Leaves Content-Length out of the answer to HEAD where GET is answered by a stream of events. Deno sets it to 0 on an answer
 * without a body, and sends none of the body that it is given here instead.
 *
 * @param fetch Answers requests. What it is told beside the request, such as the client's address, is passed on.
 */
export function answerHeadOfStreams<Info extends unknown[]>(
  fetch: (request: Request, ...info: Info) => Response | Promise<Response>,
): (request: Request, ...info: Info) => Response | Promise<Response> {
  return (request, ...info) =>
    request.method === "HEAD" ? answerHead(request, ...info) : fetch(request, ...info);

  async function answerHead(request: Request, ...info: Info): Promise<Response> {
    const response = await fetch(request, ...info);
    if (response.headers.get("content-type") !== EVENT_STREAM) return response;
    return new Response(new ReadableStream({}, { highWaterMark: 0 }), response);
  }
}
