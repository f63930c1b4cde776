import type { OpenAPIHono } from "@hono/zod-openapi";
import type { Context, MiddlewareHandler } from "hono";
import { etag } from "hono/etag";
import { Problem, PROBLEM_TYPE, type ProblemKind } from "../problem.ts";

/** How long the document is good for, in seconds. */
const MAX_AGE = 300;

const DESCRIPTION = `Names made and scored by character-level language models.

Every error is a problem document of RFC 9457, \`application/problem+json\`. Any path may answer 404, where there is
nothing, and 405, where it answers other methods: \`Allow\` says which. \`HEAD\` is answered as \`GET\`, without the
body. A request's \`X-Request-Id\` is sent back; who sends none is given one.

**Caching.** An answer with a seed, and every score, has an \`ETag\`; to \`If-None-Match\` the server answers 304, and computes
nothing. With the model's name alone, \`model=tuned\`, or none, it is \`no-cache\`: the model may be trained anew, so a cache asks
each time. Pinned to its ONNX file by 8 or more digits of the SHA-256 on its card, \`model=tuned@c2d60bc2\`, it is \`immutable\`;
where the file is another the answer is 404. \`/models/tuned@c2d60bc2\` and the files under it are pinned in the same way. Without a
seed an answer is \`no-store\`.`;

/** Errors that every route has. */
const EVERYWHERE: readonly (readonly [status: number, kind: ProblemKind, detail: string, when: string])[] = [
  [
    400,
    "invalid-host",
    'Host must have a host, and at most a port with it, got "example.com/score"',
    "The `Host` header is no host",
  ],
  [
    401,
    "unauthorized",
    "This server asks for a token, as Authorization: Bearer TOKEN; no token is given",
    "The server is closed by a token, which the request does not bear",
  ],
  [
    405,
    "method-not-allowed",
    "/score answers GET, HEAD, OPTIONS, not DELETE",
    "The path answers other methods, which `Allow` lists",
  ],
  [
    414,
    "uri-too-long",
    "The address must be at most 8192 characters long, is 9000",
    "The address is too long",
  ],
  [
    429,
    "too-many-requests",
    "Too many requests; ask again in 3 s",
    "The client asks too often; `Retry-After` says for how long to wait",
  ],
  [
    500,
    "internal-error",
    "The server failed to answer: internal server error",
    "The server failed",
  ],
];

type HeaderSchema = {
  type: "string" | "integer";
  minimum?: number;
};

/** Headers, by their names in the document's components. */
const HEADERS: Record<string, { description: string; schema: HeaderSchema; example: string | number }> = {
  "X-Request-Id": {
    description: "What the request is called in the server's log",
    schema: { type: "string" },
    example: "5f1c2a9e-1z",
  },
  "Cache-Control": {
    description:
      "How the answer may be kept: `no-store`, `no-cache` (ask again each time, by its ETag) or, where the model is " +
      "pinned to its file, `immutable`. `private` instead of `public` where a token is asked for",
    schema: { type: "string" },
    example: "public, no-cache",
  },
  "ETag": {
    description: "What names the answer, where it may be kept",
    schema: { type: "string" },
    example: '"1-86bd9c48d6b8f0a1-1x2y3z-json"',
  },
  "Retry-After": {
    description: "Seconds after which to ask again; not sent where that would not help",
    schema: { type: "integer", minimum: 1 },
    example: 3,
  },
  "WWW-Authenticate": {
    description: "How to bear a token",
    schema: { type: "string" },
    example: 'Bearer realm="edgemore"',
  },
  "Allow": {
    description: "The methods that the path answers",
    schema: { type: "string" },
    example: "GET, HEAD, OPTIONS",
  },
};

/** The headers that answers have beside those of a route's own, by status. */
const HEADERS_OF: Record<string, string[]> = {
  200: ["X-Request-Id", "Cache-Control", "ETag"],
  304: ["X-Request-Id", "Cache-Control", "ETag"],
  401: ["X-Request-Id", "Cache-Control", "WWW-Authenticate"],
  405: ["X-Request-Id", "Cache-Control", "Allow"],
  429: ["X-Request-Id", "Cache-Control", "Retry-After"],
  503: ["X-Request-Id", "Cache-Control", "Retry-After"],
};

/** The parts of an operation that are written here. */
interface Operation {
  responses: Record<string, { headers?: Record<string, object>; $ref?: string }>;
  security?: object[];
}

/**
 * Answers `GET /openapi.json`: all routes that an application has when it is first asked, and what they have in common.
 *
 * @param closed Whether the server asks for a token.
 */
export function openApiHandler(
  app: OpenAPIHono,
  closed: boolean,
): [MiddlewareHandler, (context: Context) => Response] {
  let text: string | undefined;
  return [etag(), (context) => {
    text ??= JSON.stringify(describe(app, closed));
    context.set("freshness", { seconds: MAX_AGE });
    return context.body(text, 200, { "content-type": "application/json" });
  }];
}

function describe(app: OpenAPIHono, closed: boolean): object {
  const document = app.getOpenAPI31Document({
    openapi: "3.1.0",
    info: { title: "edgemore", version: "0.1.0", description: DESCRIPTION, license: { name: "MIT" } },
    servers: [{ url: "/", description: "Where this document comes from" }],
    tags: [
      { name: "names", description: "What the models make and score" },
      { name: "models", description: "The models" },
      { name: "server", description: "The server" },
    ],
    security: closed ? [{ bearer: [] }] : [{}, { bearer: [] }],
  });
  const components = document.components!;
  components.securitySchemes = {
    bearer: {
      type: "http",
      scheme: "bearer",
      description: "The server's EDGEMORE_TOKEN, where it has one; `/health` asks for none",
    },
  };
  components.headers = HEADERS;
  components.responses = Object.fromEntries(
    EVERYWHERE.map(([status, kind, detail, when]) => [
      componentName(kind),
      {
        description: when,
        headers: headersOf(String(status)),
        content: {
          [PROBLEM_TYPE]: {
            schema: { $ref: "#/components/schemas/Problem" },
            example: new Problem(kind, detail).toJSON(),
          },
        },
      },
    ]),
  );
  for (const [path, item] of Object.entries(document.paths!)) {
    for (const operation of Object.values(item) as Operation[]) addCommon(operation, path === "/health");
  }
  return document;
}

/** Gives an operation the answers and headers that all have; what a monitor asks is open, and asked at any time. */
function addCommon(operation: Operation, open: boolean): void {
  for (const [status, response] of Object.entries(operation.responses)) {
    response.headers = { ...headersOf(status), ...response.headers };
  }
  for (const [status, kind] of EVERYWHERE) {
    if (open && (status === 401 || status === 429)) continue;
    operation.responses[status] ??= { $ref: `#/components/responses/${componentName(kind)}` };
  }
  if (open) operation.security = [];
}

function headersOf(status: string): Record<string, { $ref: string }> {
  const names = HEADERS_OF[status] ?? ["X-Request-Id", "Cache-Control"];
  return Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]));
}

/** "too-many-requests" as "TooManyRequests". */
function componentName(kind: ProblemKind): string {
  return kind.replace(/(^|-)(\w)/g, (_, _dash, letter: string) => letter.toUpperCase());
}
