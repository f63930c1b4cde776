import type { OpenAPIHono } from "@hono/zod-openapi";
import type { Context, MiddlewareHandler } from "hono";
import { etag } from "hono/etag";
import { once } from "../../shared/once.ts";
import { basePathOf } from "../base_path.ts";
import { Problem, PROBLEM_TYPE, type ProblemKind } from "../problem.ts";
import type { LazyRoute } from "./lazy_route.ts";

/** How long the document may be cached, in seconds. */
const MAX_AGE = 300;
/** The most texts that are kept: an application has one, unless it is mounted at a path with parameters. */
const MAX_TEXTS = 10;

const DESCRIPTION =
  `Character-level language models make more things like those of a list, and score texts. The fields \`name\` and
\`names\` hold whatever the list of the model has: names, towns, words.

Every error response is a problem document (RFC 9457), \`application/problem+json\`. Any path may answer 404, if it does not
exist, and 405, if it does not support the method; \`Allow\` lists those that it does. \`HEAD\` is answered like \`GET\`, without
the body. The \`X-Request-Id\` of a request is returned in the response; a request without one is assigned one.

**Caching.** A response to a request with a seed, and every score, has an \`ETag\`; if \`If-None-Match\` has it, the server answers
304 without computing anything. If the model is given by name alone, \`model=gru\`, or not at all, the response is \`no-cache\`: the
model may be trained again, so caches revalidate it each time. If the model is pinned to its ONNX file by 8 or more digits of the
SHA-256 on its card, \`model=gru@c2d60bc2\`, the response is \`immutable\`, or 404 if the file is another.
\`/models/gru@c2d60bc2\` and the files under it are pinned in the same way. A response to \`/generate\` without a seed is
\`no-store\`.`;

/** The error responses that every route may have. */
const EVERYWHERE: readonly (readonly [status: number, kind: ProblemKind, detail: string, when: string])[] = [
  [
    400,
    "invalid-host",
    'Host must have a host, and at most a port with it, got "example.com/score"',
    "The `Host` header is not a host",
  ],
  [
    401,
    "unauthorized",
    "This server asks for a token, as Authorization: Bearer TOKEN; no token is given",
    "The server requires a bearer token, which the request does not have",
  ],
  [
    405,
    "method-not-allowed",
    "/score answers GET, HEAD, OPTIONS, not DELETE",
    "The path does not support the method; `Allow` lists those that it does",
  ],
  [
    414,
    "uri-too-long",
    "The address must be at most 8192 characters long, is 9000",
    "The URL is too long",
  ],
  [
    429,
    "too-many-requests",
    "Too many requests; ask again in 3 s",
    "The client has made too many requests; `Retry-After` says how long to wait",
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
    description: "The id of the request in the server's log",
    schema: { type: "string" },
    example: "5f1c2a9e-1z",
  },
  "Cache-Control": {
    description:
      "How the response may be cached: `no-store`, `no-cache` (revalidate each time with the ETag) or, if the model is " +
      "pinned to its file, `immutable`. `private` instead of `public` if the server requires a token",
    schema: { type: "string" },
    example: "public, no-cache",
  },
  "ETag": {
    description: "The tag of a cacheable response, for `If-None-Match`",
    schema: { type: "string" },
    example: '"1-86bd9c48d6b8f0a1-1x2y3z-json"',
  },
  "Retry-After": {
    description: "Seconds after which to retry; not sent if a retry would not help",
    schema: { type: "integer", minimum: 1 },
    example: 3,
  },
  "WWW-Authenticate": {
    description: "The authentication scheme",
    schema: { type: "string" },
    example: 'Bearer realm="edgemore"',
  },
  "Allow": {
    description: "The methods that the path supports",
    schema: { type: "string" },
    example: "GET, HEAD, OPTIONS",
  },
};

/** The headers that responses have in addition to those of their route, by status. */
const HEADERS_OF: Record<string, string[]> = {
  200: ["X-Request-Id", "Cache-Control", "ETag"],
  304: ["X-Request-Id", "Cache-Control", "ETag"],
  401: ["X-Request-Id", "Cache-Control", "WWW-Authenticate"],
  405: ["X-Request-Id", "Cache-Control", "Allow"],
  429: ["X-Request-Id", "Cache-Control", "Retry-After"],
  503: ["X-Request-Id", "Cache-Control", "Retry-After"],
};

/** The parts of an operation that are changed here. */
interface Operation {
  responses: Record<string, { headers?: Record<string, object>; $ref?: string }>;
  security?: object[];
}

/**
 * Makes the handlers of `GET /openapi.json`. The routes are described by the first request.
 *
 * @param closed Whether the server requires a token.
 */
export function openApiHandler(
  app: OpenAPIHono,
  routes: readonly LazyRoute[],
  closed: boolean,
): [MiddlewareHandler, (context: Context) => Response] {
  const texts = new Map<string, string>();
  const described = once(() => {
    for (const route of routes) app.openAPIRegistry.registerPath(route.describe());
    return app;
  });
  return [etag(), (context) => {
    const base = basePathOf(context.req.raw);
    const text = texts.get(base) ?? JSON.stringify(describe(described(), closed, base));
    if (texts.size < MAX_TEXTS) texts.set(base, text);
    context.set("freshness", { seconds: MAX_AGE });
    return context.body(text, 200, { "content-type": "application/json" });
  }];
}

/** @param base Where the application is mounted, or "". */
function describe(app: OpenAPIHono, closed: boolean, base: string): object {
  const document = app.getOpenAPI31Document({
    openapi: "3.1.0",
    info: { title: "edgemore", version: "0.1.0", description: DESCRIPTION, license: { name: "MIT" } },
    servers: [{ url: base || "/", description: "The server of this document" }],
    tags: [
      { name: "things", description: "Generating things like those of a list, and scoring texts" },
      { name: "models", description: "Cards and files of the models" },
      ...(app.openAPIRegistry.definitions.some((definition) =>
          definition.type === "route" && definition.route.path === "/jobs"
        )
        ? [{ name: "jobs", description: "Scoring long lists in the background" }]
        : []),
      { name: "server", description: "Health of the server" },
    ],
    security: closed ? [{ bearer: [] }] : [{}, { bearer: [] }],
  });
  const components = document.components!;
  components.securitySchemes = {
    bearer: {
      type: "http",
      scheme: "bearer",
      description: "The value of EDGEMORE_TOKEN, if the server has one; `/health` needs none",
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

/**
 * Adds to an operation the responses and headers that all operations have.
 *
 * @param open Whether it needs no token and has no rate limit.
 */
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

/** Converts "too-many-requests" to "TooManyRequests". */
function componentName(kind: ProblemKind): string {
  return kind.replace(/(^|-)(\w)/g, (_, _dash, letter: string) => letter.toUpperCase());
}
