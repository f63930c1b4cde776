import fc from "fast-check";
import { anyText, headerText, shortText } from "./random_text.ts";

/** A request, as an HTTP client can make it. */
export interface RandomRequest {
  method: string;
  /** Path and query. */
  address: string;
  headers: Record<string, string>;
  /** Undefined for methods that have none. */
  body?: RandomBody;
}

/** A body, and how it is sent. */
export interface RandomBody {
  content: string | Uint8Array<ArrayBuffer>;
  /** Whole, in pieces of few bytes, or in pieces of which the last ones never come. */
  sent: "whole" | "in pieces" | "broken off";
}

/** Requests that take as much work as any that is answered, and one that normalises for minutes if it is let. */
export const LARGE_REQUESTS: readonly RandomRequest[] = [
  ...[
    "/generate?n=1000&compat=torch&temperature=5&min_length=32&top_p=.9999&top_k=26",
    "/generate?n=1000&max_length=256&temperature=5",
    "/generate?n=125&min_length=256&max_length=256&temperature=5&unique=true&novel=true",
    "/generate?n=1000&max_length=2&unique=true&novel=true&seed=1",
  ].map((address) => ({ method: "GET", address, headers: {} })),
  ...["application/json", "text/plain"].map((type): RandomRequest => {
    const name = `a${"\u0301".repeat(100_000)}${"\u0323".repeat(100_000)}`;
    const content = type === "text/plain" ? name : JSON.stringify([name]);
    return {
      method: "POST",
      address: "/score",
      headers: { "content-type": type },
      body: { content, sent: "whole" },
    };
  }),
];

const ROUTES: Record<string, string[]> = {
  "/generate": [
    ...["n", "model", "temperature", "top_k", "top_p", "prefix", "min_length", "max_length", "seed"],
    ...["unique", "novel", "compat"],
  ],
  "/score": ["name", "model"],
  "/next": ["prefix", "model"],
  "/models": [],
  "/models/mlp": [],
  "/models/none": [],
  "/models/mlp/model.onnx": [],
  "/models/bigram/training_names.txt": [],
  "/health": [],
  "/openapi.json": [],
};
const SCORE_MANY = ["model", "characters"];

/** Texts that are almost, or exactly, numbers. */
const number = fc.oneof(
  fc.integer({ min: -2, max: 300 }).map(String),
  fc.double({ min: 0, max: 6 }).map(String),
  fc.constantFrom("1e400", "-0", "0x10", "1e-9", ".5", "1_0", "٣", "9007199254740991", "9007199254740992"),
);
const word = fc.constantFrom(
  "true",
  "false",
  "torch",
  "mlp",
  "gru",
  "bigram",
  "andrej",
  "Mar",
  "naïve",
  "😀",
);
/** What a parameter may get though it is another's. */
const anyValue = fc.oneof(number, word, shortText);

const count = (max: number) =>
  fc.oneof({ weight: 20, arbitrary: fc.nat(12) }, { weight: 1, arbitrary: fc.nat(max + 1) }).map(String);
const flag = fc.constantFrom("true", "false");
const name = fc.oneof(fc.constantFrom("andrej", "Eleanor", "xqzvk", "mar", ""), shortText);

/** Values that a parameter takes, or that lie just outside. */
function valuesOf(models: readonly string[]): Record<string, fc.Arbitrary<string>> {
  return {
    n: count(1000),
    model: fc.constantFrom(...models),
    temperature: fc.double({ min: 0.04, max: 5.1, noNaN: true }).map(String),
    top_k: count(1001),
    top_p: fc.double({ min: 0, max: 1, noNaN: true }).map(String),
    prefix: name,
    min_length: count(256),
    max_length: count(256),
    seed: fc.oneof(fc.nat(9).map(String), fc.maxSafeNat().map(String)),
    unique: flag,
    novel: flag,
    compat: fc.constant("torch"),
    name,
    characters: flag,
  };
}

/** A part of a query as it stands in an address; lone surrogates as they can. */
const escape = (part: string): string => encodeURIComponent(part.toWellFormed());

const queryText = (pairs: readonly (readonly [string, string])[]): string =>
  pairs.length === 0 ? "" : `?${pairs.map((pair) => pair.map(escape).join("=")).join("&")}`;

/** Any names with any values. */
const anyQuery = fc.array(
  fc.tuple(fc.oneof(fc.constantFrom(...ROUTES["/generate"], "name"), shortText), anyValue),
  { maxLength: 4 },
).map(queryText);

/** Queries of the parameters that a route has. */
function queryOf(parameters: readonly string[], models: readonly string[]): fc.Arbitrary<string> {
  const values = valuesOf(models);
  const parameter = (name: string) =>
    fc.oneof({ weight: 16, arbitrary: values[name] }, { weight: 1, arbitrary: anyValue });
  const record = fc.record(Object.fromEntries(parameters.map((name) => [name, fc.option(parameter(name))])));
  // Each is left out more often than not, so that one wrong value does not hide what another does.
  return fc.tuple(record, fc.noBias(fc.nat(2 ** 12 - 1))).map(([given, mask]) =>
    queryText(parameters.flatMap((name, i): [string, string][] => {
      const value = given[name];
      return value === null || (mask >> i) % 2 === 1 ? [] : [[name, value]];
    }))
  );
}

/** What stands in a header: mostly what it is for. */
const header = (...values: string[]) =>
  fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...values) }, { weight: 1, arbitrary: headerText });

const HEADERS = {
  accept: header(
    ...["application/json", "text/plain", "text/event-stream", "application/x-ndjson"],
    "text/plain;q=0.5, application/json;q=0.1",
  ),
  "if-none-match": header("*", 'W/"a"', '"a", "b"'),
  "last-event-id": header("1-1", "42-end", "9007199254740993-3"),
  range: header("bytes=0-1", "bytes=5-2"),
  origin: header("https://example.com", "https://example.org", "null"),
  "access-control-request-method": header("GET", "DELETE", "x y"),
  "access-control-request-headers": header("authorization", "x y"),
  authorization: header("Bearer x", "Bearer s3cret", "Basic eDp5", "Bearer"),
  "x-request-id": header("1", "a-b"),
  "x-forwarded-for": header(
    "192.0.2.1",
    "192.0.2.1:80, 192.0.2.2:81",
    "[2001:db8::1]:80",
    "2001:db8::1",
    ",",
  ),
  "user-agent": headerText,
  cookie: headerText,
};

/** Headers of which some may lie about the body. */
const BODY_HEADERS = {
  "content-type": header(
    ...["text/plain;charset=utf-16", 'text/plain;charset="UTF-8"', "application/json;charset=latin1"],
    ...["multipart/form-data", "application/x-ndjson", "TEXT/PLAIN", "application/json; a"],
  ),
  "content-encoding": header("gzip", "br", "identity", "zstd, gzip"),
  "content-length": header("0", "1", "-1", "1e9", "8388609", "99999999999999999999"),
  "transfer-encoding": header("chunked", "gzip, chunked", "identity"),
};

/** Up to three headers of some. */
function someOf(headers: Record<string, fc.Arbitrary<string>>): fc.Arbitrary<Record<string, string>> {
  const entries = Object.entries(headers).map(([name, value]) => value.map((text) => [name, text] as const));
  return fc.array(fc.oneof(...entries), { maxLength: 3 }).map((some) => Object.fromEntries(some));
}

const utf8 = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);

/** Names in the forms that `POST /score` takes, and anything else. */
const typedBody = fc.oneof(
  {
    weight: 30,
    arbitrary: fc.array(anyText, { maxLength: 6 }).map((
      names,
    ) => [JSON.stringify(names), "application/json"]),
  },
  {
    weight: 30,
    arbitrary: fc.array(anyText, { maxLength: 6 }).map((names) => [names.join("\n"), "text/plain"]),
  },
  {
    weight: 1,
    arbitrary: fc.nat(10_100).map((n) => [JSON.stringify(new Array(n).fill("a")), "application/json"]),
  },
  { weight: 1, arbitrary: fc.json().map((json) => [json, "application/json"]) },
  { weight: 1, arbitrary: fc.nat(20_000).map((depth) => ["[".repeat(depth), "application/json"]) },
).map(([content, type]): [string | Uint8Array<ArrayBuffer>, string] => [content, type]);
const bytes = fc.tuple(
  fc.uint8Array({ maxLength: 200 }).map((bytes) => Uint8Array.from(bytes)),
  fc.constantFrom("text/plain", "application/json", "image/png"),
);
const sent = fc.oneof(
  { weight: 8, arbitrary: fc.constant("whole" as const) },
  { weight: 1, arbitrary: fc.constantFrom("in pieces" as const, "broken off" as const) },
);

const ODD_METHODS = ["POST", "PUT", "PATCH", "DELETE", "QUERY", "PURGE"];
const readingMethod = fc.oneof(
  { weight: 8, arbitrary: fc.constant("GET") },
  { weight: 1, arbitrary: fc.constantFrom("HEAD", "OPTIONS") },
);
const oddPath = fc.oneof(
  fc.constantFrom(
    "/",
    "//",
    "/generate/",
    "/Score",
    "/models/mlp/",
    "/%",
    "/models/%ff",
    "/models//model.onnx",
  ),
  shortText.map((text) => `/models/${escape(text)}`),
  shortText.map((text) => `/models/${escape(text)}/model.onnx`),
  fc.array(shortText.map(escape), { maxLength: 3 }).map((parts) => `/${parts.join("/")}`),
  fc.nat(10_000).map((length) => `/${"a".repeat(length)}`),
);

/** Requests that a server can answer with anything but an error of its own. */
export function randomRequest(models: readonly string[]): fc.Arbitrary<RandomRequest> {
  const addresses = Object.entries(ROUTES).map(([path, parameters]) => ({
    weight: 1 + parameters.length,
    arbitrary: fc.oneof({ weight: 9, arbitrary: queryOf(parameters, models) }, {
      weight: 1,
      arbitrary: anyQuery,
    })
      .map((query) => path + query),
  }));
  const reads = fc.record({
    method: readingMethod,
    address: fc.oneof(...addresses),
    // One in six asks whether something has changed.
    headers: fc.tuple(someOf(HEADERS), fc.nat(5)).map(([headers, chance]): Record<string, string> =>
      chance === 5 ? { ...headers, "if-none-match": "*" } : headers
    ),
  });
  const scores = fc.tuple(
    queryOf(SCORE_MANY, models),
    someOf(HEADERS),
    fc.oneof({ weight: 4, arbitrary: fc.constant({}) }, { weight: 1, arbitrary: someOf(BODY_HEADERS) }),
    fc.oneof({ weight: 6, arbitrary: typedBody }, { weight: 1, arbitrary: bytes }),
    sent,
  ).map(([query, headers, bodyHeaders, [content, type], sent]) => ({
    method: "POST",
    address: `/score${query}`,
    headers: { ...headers, "content-type": type, ...bodyHeaders },
    body: { content, sent },
  }));
  const odd = fc.tuple(
    fc.oneof(readingMethod, fc.constantFrom(...ODD_METHODS)),
    fc.oneof(oddPath, fc.constantFrom(...Object.keys(ROUTES))),
    anyQuery,
    someOf({ ...HEADERS, ...BODY_HEADERS }),
    fc.tuple(anyText.map(utf8), sent),
  ).map(([method, path, query, headers, [content, sent]]) => ({
    method,
    address: path + query,
    headers,
    ...(ODD_METHODS.includes(method) && { body: { content, sent } }),
  }));
  return fc.oneof(
    { weight: 6000, arbitrary: reads },
    { weight: 2500, arbitrary: scores },
    { weight: 2500, arbitrary: odd },
    { weight: 1, arbitrary: fc.constantFrom(...LARGE_REQUESTS) },
  );
}
