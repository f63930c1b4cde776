import { EVENT_STREAM } from "../../routes/name_events.ts";

/**
 * Omits Content-Length from the response to HEAD if GET would stream events. Deno sends `Content-Length: 0` with a response
 * that has no body, so it is given a body, which it does not send.
 *
 * @param fetch Answers requests. Its further arguments, such as the client's address, are passed on.
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
