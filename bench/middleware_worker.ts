import { pieces } from "./middleware_pieces.ts";

/** What a Worker exports. */
const worker: { fetch(request: Request): Response | Promise<Response> } = {
  fetch: (request) => pieces.fetch(request),
};
export default worker;
