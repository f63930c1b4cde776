import type { Context } from "hono";
import type { ServedModel } from "../inference/registry.ts";

/** How long an answer may be kept: for ever, only after asking whether it still holds, or for some seconds. */
export type Freshness = "immutable" | "revalidate" | { seconds: number };

declare module "hono" {
  interface ContextVariableMap {
    /** The model that answers, for the log. */
    model?: string;
    /** The ETag of an answer that its request and its model determine. */
    etag?: string;
    /** Which of the request's headers the answer depends on. */
    vary?: string;
    /** How long the answer may be kept. Undefined: not at all. */
    freshness?: Freshness;
  }
}

/** To be raised when the same question to the same model gets other bytes than before. */
const VERSION = 1;

/**
 * Lets an answer be kept that its request and its model determine. Where the request pins the model to its file it never
 * changes; otherwise a cache asks each time, since the model may have been trained anew.
 *
 * @param kind What tells it from other representations of the same answer, such as "json".
 * @returns Whether the client has this answer, as its `If-None-Match` says. Then 304 is the answer, and nothing needs to
 * be computed.
 */
export function allowCaching(
  context: Context,
  { card, revision, pinned }: ServedModel,
  kind: string,
): boolean {
  const { raw } = context.req;
  const query = raw.url.slice(raw.url.indexOf("?") + 1);
  const tag = `"${VERSION}-${card.sha256}-${hash(query + revision)}-${kind}"`;
  context.set("model", card.name);
  context.set("etag", tag);
  context.set("freshness", pinned ? "immutable" : "revalidate");
  const known = raw.headers.get("if-none-match");
  return known !== null && names(known, tag);
}

/** Says which model answers, where the answer is another each time. */
export function forbidCaching(context: Context, { card }: ServedModel): void {
  context.set("model", card.name);
}

/**
 * The Cache-Control of an answer.
 *
 * @param closed Whether a token is asked for: authenticated answers are private.
 */
export function cacheControl(context: Context, closed: boolean): string {
  const freshness = context.get("freshness");
  if (freshness === undefined || context.res.status >= 400) return "no-store";
  const who = closed ? "private" : "public";
  if (freshness === "immutable") return `${who}, max-age=31536000, immutable`;
  return freshness === "revalidate" ? `${who}, no-cache` : `${who}, max-age=${freshness.seconds}`;
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
