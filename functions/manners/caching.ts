import type { Context } from "hono";
import type { ModelCard } from "../../shared/model_card.ts";

declare module "hono" {
  interface ContextVariableMap {
    /** The model that answers, for the log. */
    model?: string;
    /** The tag of an answer that never changes. */
    etag?: string;
    /** Which of the request's headers the answer depends on. */
    vary?: string;
    /** How many seconds an answer that may change is good for. */
    maxAge?: number;
  }
}

/** To be raised when the same question to the same model gets other bytes than before. */
const VERSION = 1;

/** How an answer that never changes may be kept: for a year, by everyone, unasked. */
const FOR_EVER = "max-age=31536000, immutable";

/**
 * Lets an answer be kept for ever: the question and the model fix it.
 *
 * @param kind What tells it from other representations of the same answer, such as "json".
 * @returns Whether the client has this answer, as its `If-None-Match` says. Then 304 is the answer, and nothing needs to
 * be computed.
 */
export function keepForEver(context: Context, { name, sha256 }: ModelCard, kind: string): boolean {
  const { raw } = context.req;
  const tag = `"${VERSION}-${sha256}-${hash(raw.url.slice(raw.url.indexOf("?") + 1))}-${kind}"`;
  context.set("model", name);
  context.set("etag", tag);
  const known = raw.headers.get("if-none-match");
  return known !== null && names(known, tag);
}

/** Says which model answers, where the answer is another each time. */
export function keepNothing(context: Context, { name }: ModelCard): void {
  context.set("model", name);
}

/** How an answer may be kept. What a token opens is for who bears it, and for no cache between. */
export function cacheControl(context: Context, closed: boolean): string {
  const who = closed ? "private" : "public";
  if (context.get("etag")) return `${who}, ${FOR_EVER}`;
  const maxAge = context.get("maxAge");
  return maxAge !== undefined && context.res.status < 400 ? `${who}, max-age=${maxAge}` : "no-store";
}

/** Whether an `If-None-Match` names a tag, or any. A cache on the way may have made it weak. */
function names(known: string, tag: string): boolean {
  return known.split(",").some((other) => {
    const trimmed = other.trim();
    return trimmed === "*" || trimmed.replace(/^W\//, "") === tag;
  });
}

/** A hash of 53 bits: FNV-1a's, in two halves that begin apart. */
function hash(text: string): string {
  let [a, b] = [0x811c9dc5, 0x050c5d1f];
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    a = Math.imul(a ^ code, 0x01000193);
    b = Math.imul(b ^ code, 0x01000193) + a;
  }
  return ((a >>> 0) * 0x200000 + (b >>> 11)).toString(36);
}
