import fc from "fast-check";
import process from "node:process";
import { beforeAll, expect, test } from "vitest";
import { DocumentedApi, type OpenApiDocument } from "./openapi_document.ts";
import { type ServedApp, serveModels } from "./serve_models.ts";

/** How many things are asked; `deno task fuzz` asks 10,000. */
const REQUESTS = Number(process.env.FUZZ_REQUESTS ?? "1000");
/** Asked after each of the others: its answer never changes. */
const GOOD = "/generate?n=3&seed=42&model=mlp";

let app: ServedApp;
let api: DocumentedApi;
let good: string;
beforeAll(async () => {
  app = await serveModels();
  api = new DocumentedApi((await app.ask<OpenApiDocument>("/openapi.json")).body);
  good = await app.text(GOOD);
});

/** Texts that a parser may stumble over, beside those of any kind. */
const text = fc.oneof(
  fc.string({ unit: "grapheme", maxLength: 40 }),
  fc.string({ unit: "binary", maxLength: 20 }),
  fc.stringMatching(/^[a-z]{0,300}$/),
  fc.constantFrom(
    "",
    "\0",
    "a\ud800",
    "%",
    "%zz",
    "..",
    "__proto__",
    "constructor",
    "toString",
    "[object Object]",
  ),
);

/** Texts that are almost, or exactly, what a parameter takes. */
const value = fc.oneof(
  { weight: 3, arbitrary: fc.integer({ min: -2, max: 1100 }).map(String) },
  { weight: 2, arbitrary: fc.double({ min: 0, max: 6 }).map(String) },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      "1e400",
      "-0",
      "0x10",
      "9007199254740991",
      "9007199254740992",
      "true",
      "false",
    ),
  },
  {
    weight: 3,
    arbitrary: fc.constantFrom("mlp", "tuned", "bigram", "torch", "andrej", "Mar", "naïve", "😀"),
  },
  { weight: 2, arbitrary: text },
);

const parameter = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.constantFrom(
      ...["n", "model", "temperature", "top_k", "top_p", "prefix", "min_length", "max_length", "seed"],
      ...["unique", "novel", "compat", "name", "characters"],
    ),
  },
  { weight: 1, arbitrary: text },
);

/** Queries of parameters with values that may be theirs, and anything at all. */
const query = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.uniqueArray(fc.tuple(parameter, value), { maxLength: 5, selector: ([name]) => name }),
  },
  { weight: 1, arbitrary: fc.array(fc.tuple(parameter, value), { maxLength: 5 }) },
).map((pairs) =>
  pairs.length === 0 ? "" : `?${pairs.map((pair) => pair.map((part) => escape(part)).join("=")).join("&")}`
);

/** A text as it stands in an address; lone surrogates as they can. */
function escape(part: string): string {
  return encodeURIComponent(part.toWellFormed());
}

const path = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.constantFrom("/generate", "/score", "/next", "/models", "/health", "/openapi.json"),
  },
  { weight: 2, arbitrary: value.map((name) => `/models/${escape(name)}`) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      "/models/mlp/model.onnx",
      "/models/bigram/model.known",
      "/models/x/model.onnx",
    ),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom("/", "//", "/generate/", "/Score", "/models/mlp/", "/%", "/models/%ff"),
  },
  {
    weight: 1,
    arbitrary: fc.array(text.map(escape), { maxLength: 3 }).map((parts) => `/${parts.join("/")}`),
  },
);

const method = fc.oneof(
  { weight: 6, arbitrary: fc.constant("GET") },
  {
    weight: 2,
    arbitrary: fc.constantFrom("HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "QUERY", "PURGE"),
  },
);

/** Texts that can stand in a header. */
const headerText = fc.oneof(
  fc.stringMatching(/^[ -~]{0,60}$/),
  fc.constantFrom("*", "*/*", '"', ",", ";q=", "a/b;q=2"),
);

const headers = fc.record({
  accept: fc.oneof(
    fc.constantFrom(
      "text/plain",
      "application/json",
      "text/plain;q=0.5, application/json;q=0.1",
      "text/event-stream",
      "application/x-ndjson",
    ),
    headerText,
  ),
  "if-none-match": fc.oneof(fc.constantFrom("*", 'W/"a"', '"a", "b"'), headerText),
  "content-type": fc.oneof(
    fc.constantFrom("application/json", "text/plain", "text/plain;charset=utf-8", "multipart/form-data"),
    headerText,
  ),
  range: fc.oneof(fc.constantFrom("bytes=0-1", "bytes=5-2"), headerText),
  origin: fc.oneof(fc.constantFrom("https://example.com", "null"), headerText),
  "access-control-request-method": fc.constantFrom("GET", "DELETE", "x y"),
  "access-control-request-headers": headerText,
  authorization: fc.oneof(fc.constantFrom("Bearer x", "Basic eDp5"), headerText),
  "x-request-id": headerText,
  "x-forwarded-for": headerText,
}, { requiredKeys: [] });

const body = fc.oneof(
  text,
  fc.json(),
  fc.array(text, { maxLength: 20 }).map((names) => JSON.stringify(names)),
  fc.array(text, { maxLength: 20 }).map((names) => names.join("\n")),
  fc.uint8Array({ maxLength: 200 }),
);

/** The documented path that an address is of; undefined where none is. */
function documentedPath(pathname: string): string | undefined {
  if (pathname in api.document.paths) return pathname;
  const [, file] = /^\/models\/[^/]+(\/model\.onnx|\/model\.known)?$/.exec(pathname) ?? [, null];
  return file === null ? undefined : `/models/{name}${file ?? ""}`;
}

/** What is wrong with an answer by the document; undefined where nothing is. */
async function fault(method: string, address: string, response: Response): Promise<string | undefined> {
  const { status, headers } = response;
  const type = headers.get("content-type")?.split(";")[0];
  const pathname = new URL(`http://localhost${address}`).pathname;
  const text = await response.text();
  if (status >= 500) return "fails";
  if (headers.get("x-request-id") === null) return "has no id";
  if (pathname === "/openapi.json" && status < 400) return undefined; // the document does not describe itself
  const path = documentedPath(pathname);
  if (method === "OPTIONS" && status === 204) {
    return text === "" && headers.has("allow") ? undefined : "has no Allow";
  }
  const asked = method === "HEAD" ? "GET" : method;
  const problem = api.document.components.responses.MethodNotAllowed.content!["application/problem+json"];
  const known = path !== undefined && api.document.paths[path][asked.toLowerCase()] !== undefined;
  if (!known) {
    if (status !== 404 && status !== 405 && status !== 414) return "is no 404, 405 or 414, and no route's";
    if (status === 405 && !headers.has("allow")) return "has no Allow";
  }
  const documented = known
    ? api.response(path, asked, status)
    : { content: { "application/problem+json": problem } };
  if (!documented) return "has a status that is not documented";
  if (status === 304) return text === "" ? undefined : "has a body";
  const content = documented.content?.[type ?? ""];
  if (!content) return `has the type ${type}, which is not documented`;
  if (method === "HEAD") return text === "" ? undefined : "has a body";
  return api.faults(content.schema, /[/+]json$/.test(type!) ? JSON.parse(text) : text);
}

test(`${REQUESTS} random requests get documented answers, and change no other's`, async () => {
  const statuses = new Map<number, number>();
  await fc.assert(
    fc.asyncProperty(method, path, query, headers, body, async (method, path, query, headers, body) => {
      const address = path + query;
      const hasBody = method !== "GET" && method !== "HEAD";
      const request = new Request(`http://localhost${address}`, {
        method,
        headers,
        body: hasBody ? body as BodyInit : null,
      });
      const response = await app.app.request(request);
      statuses.set(response.status, (statuses.get(response.status) ?? 0) + 1);
      const wrong = await fault(method, address, response);
      expect(wrong && `${method} ${address} ${response.status} ${wrong}`).toBeUndefined();
      expect(await app.text(GOOD)).toBe(good);
    }),
    { numRuns: REQUESTS },
  );
  console.log(`answers by status: ${[...statuses].sort().map((pair) => pair.join(": ")).join(", ")}`);
  // It asks well enough for each kind of answer to come.
  expect([...statuses.keys()]).toEqual(expect.arrayContaining([200, 204, 304, 400, 404, 405]));
}, 600_000);
