/** What another program may have called a request, which is then called so here too. */
const OTHERS = /^[\w.=-]{1,128}$/;

let prefix = "";
let requests = 0;

/**
 * The id of a request: what the client calls it, or else one of our own. A random beginning for the process and a
 * count tell requests apart as well as a UUID does, which costs more than the rest of an answer's headers.
 *
 * @param given The request's `X-Request-Id`.
 */
export function requestId(given: string | null): string {
  if (given !== null && OTHERS.test(given)) return given;
  // Not in the global scope, where a Worker has no randomness.
  prefix ||= crypto.randomUUID().slice(0, 8);
  return `${prefix}-${(++requests).toString(36)}`;
}
