import { Hono } from "hono";

const name = { name: "marlena", nll: 2.153056025505066, perplexity: 8.611134072514364 };
const character = {
  context: "...",
  character: "a",
  probability: 0.13758054106225795,
  nll: 1.9835457801818848,
};

/** Bodies of the lengths of those of `/generate?n=1`, `?n=20` and `/score?name=andrej`. */
export const BODIES = {
  "/1": { model: "mlp", seed: 42, names: [name] },
  "/20": { model: "mlp", seed: 42, names: new Array(20).fill(name) },
  "/score": {
    model: "mlp",
    name: "andrej",
    possible: true,
    log_likelihood: -13.105578422546387,
    nll: 1.8722254889351981,
    perplexity: 6.502752110678131,
    percentile: 59.23193090828909,
    characters: new Array(7).fill(character),
  },
};

/** Headers as in the responses of a public API. */
const HEADERS = {
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
  "x-content-type-options": "nosniff",
  "access-control-allow-origin": "*",
  "access-control-expose-headers": "ETag,Edgemore-Seed,Retry-After,X-Request-Id",
  "x-request-id": "12345678-abc",
  "vary": "Accept",
  "cache-control": "no-store",
};

/** Hono routes that answer with constant bodies, and below `/headers` with constant headers too. */
export const bare: Hono = new Hono();
for (const [path, body] of Object.entries(BODIES)) {
  bare.get(path, (context) => context.json(body));
  bare.get(`/headers${path}`, (context) => context.json(body, 200, HEADERS));
}
