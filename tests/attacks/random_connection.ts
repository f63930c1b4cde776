import fc from "fast-check";
import { anyText, headerText, shortText } from "../functions/fuzz/random_text.ts";

/*
 * Random text for a client to write on a connection, one character for each byte. Most of it is almost a valid request,
 * so that the server's parser does not reject it at once.
 */

/** The UTF-8 bytes of a text, as one character each. */
const utf8 = (text: string): string => String.fromCharCode(...new TextEncoder().encode(text.slice(0, 5000)));

const method = fc.oneof(
  { weight: 10, arbitrary: fc.constantFrom("GET", "GET", "POST", "POST", "POST", "HEAD", "OPTIONS") },
  { weight: 1, arbitrary: fc.constantFrom("CONNECT", "TRACE", "get", "", "G\0T", "PRI", "A".repeat(300)) },
);
const target = fc.oneof(
  {
    weight: 10,
    arbitrary: fc.constantFrom(
      ...["/score", "/score?name=andrej", "/generate?n=2&seed=1", "/health", "/models", "/next?prefix=a"],
    ),
  },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      ...[
        "*",
        "",
        "//",
        "/%",
        "/\xff",
        "/a b",
        "http://x/score?name=a",
        "https://[::1",
        "x:443",
        "/#",
        "?name=a",
      ],
      ...["/../models", "/score?name=%00", "/score?name=%ff%fe", "/\\", "/" + "a".repeat(70_000)],
    ),
  },
  { weight: 1, arbitrary: shortText.map((text) => `/score?name=${utf8(text)}`) },
);
const version = fc.oneof(
  { weight: 12, arbitrary: fc.constant("HTTP/1.1") },
  { weight: 1, arbitrary: fc.constantFrom("HTTP/1.0", "HTTP/0.9", "HTTP/2.0", "HTTP/1.1 x", "http/1.1", "") },
);

const host = fc.oneof(
  { weight: 12, arbitrary: fc.constant(["host: 127.0.0.1"]) },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      [],
      ["host: a", "host: b"],
      ["host:"],
      ["host: x/score?name=eleanor#"],
      ["host: x@y"],
      ["host: [::1"],
      ["host: a:99999"],
      ["host: \xff"],
    ),
  },
);
const otherHeader = fc.oneof(
  fc.tuple(fc.constantFrom("accept", "range", "x", "cookie", "if-none-match"), headerText).map((pair) =>
    pair.join(": ")
  ),
  fc.constantFrom(
    ...[
      "connection: close",
      "connection: upgrade",
      "upgrade: websocket",
      "upgrade: h2c",
      "expect: 100-continue",
    ],
    ...[
      "expect: x",
      " folded",
      "no colon",
      "a b: c",
      ": empty",
      "x\0y: z",
      "x: a\0b",
      "x: a\rb",
      "te: trailers",
    ],
    ...["content-encoding: gzip", "content-encoding: x", "http2-settings: AAMAAABkAAQAAP__"],
    `x: ${"a".repeat(20_000)}`,
  ),
);
const manyHeaders = fc.constantFrom(0, 0, 0, 0, 0, 200).map((count) =>
  Array.from({ length: count }, (_, i) => `x-${i}: ${i}`)
);

/** Headers about the length of the body, right and wrong; "true" stands for the right Content-Length. */
const framing = fc.oneof(
  { weight: 2, arbitrary: fc.constant("true") },
  fc.constantFrom(
    ...["", "content-length: 0", "content-length: 1", "content-length: 100000", "content-length: -1"],
    ...[
      "content-length: 99999999999999999999",
      "content-length: 0x10",
      "content-length: 1, 1",
      "content-length: +1",
    ],
    ...[
      "content-length: 1\r\ncontent-length: 2",
      "transfer-encoding: chunked",
      "transfer-encoding: gzip, chunked",
    ],
    ...[
      "transfer-encoding: chunked\r\ncontent-length: 3",
      "transfer-encoding:\vchunked",
      "transfer-encoding: x",
    ],
    "transfer-encoding: chunked\r\ntransfer-encoding: identity",
  ),
);

/** A body in the format of `transfer-encoding: chunked`, or almost. */
const chunks = fc.array(
  fc.tuple(
    fc.constantFrom("", "", "", "", ";a=b", " ", "g", ";" + "a".repeat(20_000)),
    shortText.map(utf8),
    fc.constantFrom(0, 0, 0, 0, 0, 1, -1, 2 ** 31, 2 ** 53),
  ),
  { maxLength: 4 },
).map((parts) =>
  parts.map(([extension, text, sizeError]) => {
    const size = Math.max(1, text.length + sizeError);
    return `${size.toString(16)}${extension}\r\n${text || "a"}\r\n`;
  }).join("") + "0\r\n\r\n"
);
const body = fc.oneof(
  fc.constant(""),
  fc.array(anyText, { maxLength: 4 }).map((names) => utf8(JSON.stringify(names))),
  fc.array(anyText, { maxLength: 4 }).map((names) => utf8(names.join("\n"))),
  fc.uint8Array({ maxLength: 100 }).map((bytes) => String.fromCharCode(...bytes)),
  chunks,
);
const bodyType = fc.constantFrom(
  ...[
    "content-type: application/json",
    "content-type: text/plain",
    "content-type: text/plain;charset=utf-16",
  ],
);

const almostRequest = fc.record({
  line: fc.tuple(method, target, version).map((parts) => parts.join(" ")),
  host,
  others: fc.array(otherHeader, { maxLength: 2 }),
  many: manyHeaders,
  type: bodyType,
  framing,
  body,
  lineEnd: fc.oneof({ weight: 12, arbitrary: fc.constant("\r\n") }, fc.constantFrom("\n", "\r")),
}).map(({ line, host, others, many, type, framing, body, lineEnd }) => {
  const length = framing === "true" ? `content-length: ${body.length}` : framing;
  const headers = [...host, ...others, ...many, type, ...(length === "" ? [] : [length])];
  return [line, ...headers, "", ""].join(lineEnd) + body;
});

const noRequest = fc.oneof(
  fc.constantFrom(
    "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0",
    "\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03", // the beginning of a TLS handshake
    "\x80\x2e\x01\0\x02",
    "\r\n\r\n\r\n",
    "GET",
    "GET / HTTP/1.1\r\nhost: a\r\nx: " + "a".repeat(200_000),
  ),
  fc.uint8Array({ maxLength: 300 }).map((bytes) => String.fromCharCode(...bytes)),
);

/** The text of one connection: up to three requests in a row, part of a request, or no request at all. */
export const randomConnection: fc.Arbitrary<string> = fc.oneof(
  { weight: 8, arbitrary: almostRequest },
  {
    weight: 2,
    arbitrary: fc.array(almostRequest, { minLength: 2, maxLength: 3 }).map((all) => all.join("")),
  },
  { weight: 1, arbitrary: noRequest },
  { weight: 1, arbitrary: fc.tuple(almostRequest, fc.nat(200)).map(([text, end]) => text.slice(0, end)) },
);
