import { bare } from "./bare.ts";

/** What a Worker exports. */
const worker: { fetch(request: Request): Response | Promise<Response> } = {
  fetch: (request) => bare.fetch(request),
};
export default worker;
