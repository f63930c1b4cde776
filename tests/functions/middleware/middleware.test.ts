import { beforeAll, describe, expect, test } from "vitest";
import { TokenBuckets } from "../../../functions/runtimes/token_buckets.ts";
import { modelFiles, type ServedApp, serveModels } from "../serve_models.ts";

let app: ServedApp;
const lines: string[] = [];
beforeAll(async () => {
  app = await serveModels(undefined, { log: (line) => lines.push(line), serverTiming: true });
});

const IMMUTABLE = "public, max-age=31536000, immutable";

describe("caching", () => {
  test.each([
    ["/score?name=andrej", "public, no-cache"],
    ["/score?name=andrej&model=mlp", "public, no-cache"],
    ["/score?name=andrej&model=mlp@SHA", IMMUTABLE],
    ["/generate?seed=42", "public, no-cache"],
    ["/generate?n=5&seed=0", "public, no-cache"],
    ["/generate?n=5&seed=0&model=gru@SHA", IMMUTABLE],
    ["/next?prefix=mar", "public, no-cache"],
    ["/next?prefix=mar&model=gru@SHA", IMMUTABLE],
  ])(
    "%s is %s, and is not sent to who has it",
    async (template, kept) => {
      const { body: card } = await app.ask<{ sha256: string }>(
        `/models/${template.includes("mlp") ? "mlp" : "gru"}`,
      );
      const path = template.replace("SHA", card.sha256.slice(0, 8));
      const first = await app.request(path);
      expect(first.headers.get("cache-control")).toBe(kept);
      const etag = first.headers.get("etag")!;
      expect(etag).toContain(card.sha256);
      for (const known of [etag, `W/${etag}`, `"other", ${etag}`, "*"]) {
        const again = await app.request(path, { headers: { "if-none-match": known } });
        expect(again.status).toBe(304);
        expect(await again.text()).toBe("");
        expect(again.headers.get("etag")).toBe(etag);
        expect(again.headers.get("cache-control")).toBe(kept);
      }
      expect((await app.request(path, { headers: { "if-none-match": '"other"' } })).status).toBe(200);
    },
  );

  test("answers that differ have tags that differ", async () => {
    const tag = async (path: string, accept = "*/*") =>
      (await app.request(path, { headers: { accept } })).headers.get("etag");
    const tags = await Promise.all([
      tag("/generate?seed=1"),
      tag("/generate?seed=2"),
      tag("/generate?seed=1", "text/plain"),
      tag("/generate?seed=1&model=mlp"),
      tag("/generate?seed=1&n=9"),
      tag("/score?name=anna"),
      tag("/score?name=annb"),
    ]);
    expect(new Set(tags).size).toBe(tags.length);
  });

  test("what chance makes is not kept, nor is an error", async () => {
    for (const path of ["/generate", "/score", "/generate?seed=-1", "/models/gpt", "/nothing", "/health"]) {
      const { headers } = await app.request(path, { headers: { "if-none-match": "*" } });
      expect(headers.get("cache-control"), path).toBe("no-store");
      expect(headers.get("etag"), path).toBeNull();
    }
  });

  test("the same question to a model with another card has another tag", async () => {
    const [, , mlp] = await modelFiles();
    const card = JSON.parse(mlp.card);
    const other = {
      ...mlp,
      card: JSON.stringify({ ...card, nll_quantiles: card.nll_quantiles.map(() => 2) }),
    };
    const tags = await Promise.all([mlp, other].map(async (model) => {
      const { request } = await serveModels([model]);
      return (await request("/score?name=anna")).headers.get("etag");
    }));
    expect(tags[0]).not.toBe(tags[1]);
  });

  test.each([
    ["/models", "public, no-cache"],
    ["/models/mlp", "public, no-cache"],
    ["/models/mlp@SHA", IMMUTABLE],
    ["/openapi.json", "public, max-age=300"],
  ])("%s is %s", async (template, kept) => {
    const { card } = await app.registry.get("mlp");
    const path = template.replace("SHA", card.sha256.slice(0, 8));
    const { headers } = await app.request(path);
    expect(headers.get("cache-control")).toBe(kept);
    const again = await app.request(path, { headers: { "if-none-match": headers.get("etag")! } });
    expect(again.status).toBe(304);
  });

  test("what depends on Accept says so", async () => {
    expect((await app.request("/generate?seed=1")).headers.get("vary")).toBe("Accept");
    expect((await app.request("/score?name=a")).headers.get("vary")).toBeNull();
  });
});

describe("methods", () => {
  test.each(["/generate?seed=1&n=3", "/score?name=andrej", "/models", "/health", "/score"])(
    "HEAD %s is GET without the body",
    async (path) => {
      const [head, get] = [await app.request(path, { method: "HEAD" }), await app.request(path)];
      const body = await get.text();
      expect(head.status).toBe(get.status);
      expect(await head.text()).toBe("");
      expect(head.headers.get("content-length")).toBe(String(new TextEncoder().encode(body).length));
      for (const name of ["content-type", "etag", "cache-control", "vary"]) {
        expect(head.headers.get(name), name).toBe(get.headers.get(name));
      }
    },
  );

  test.each(["POST", "PUT", "DELETE", "PATCH"])("%s is refused where only GET is known", async (method) => {
    for (const path of ["/generate", "/models/mlp", "/health", "/openapi.json"]) {
      const { status, headers, body } = await app.ask(path, { method });
      expect(status).toBe(405);
      expect(headers.get("allow")).toBe("GET, HEAD, OPTIONS");
      expect(body).toMatchObject({ type: "urn:edgemore:problem:method-not-allowed", status: 405 });
      expect((await app.ask("/nothing", { method })).status).toBe(404);
    }
  });

  test("OPTIONS says what a path answers, and to a browser what a page may ask", async () => {
    const plain = await app.request("/score", { method: "OPTIONS" });
    expect([plain.status, plain.headers.get("allow")]).toEqual([204, "GET, HEAD, POST, OPTIONS"]);
    const preflight = await app.request("/score", {
      method: "OPTIONS",
      headers: {
        origin: "https://example.com",
        "access-control-request-method": "GET",
        "access-control-request-headers": "authorization",
      },
    });
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get("access-control-allow-origin")).toBe("*");
    expect(preflight.headers.get("access-control-allow-methods")).toContain("GET");
    expect(preflight.headers.get("access-control-allow-headers")).toBe("authorization");
    expect((await app.request("/nothing", { method: "OPTIONS" })).status).toBe(404);
  });
});

describe("every answer", () => {
  test.each(["/score?name=a", "/score", "/nothing", "/models", "/generate"])(
    "to %s has the headers that keep a browser safe, and may be read by any page",
    async (path) => {
      const { headers } = await app.request(path, { headers: { origin: "https://example.com" } });
      expect(headers.get("content-security-policy")).toBe("default-src 'none'; frame-ancestors 'none'");
      expect(headers.get("x-content-type-options")).toBe("nosniff");
      expect(headers.get("access-control-allow-origin")).toBe("*");
      expect(headers.get("access-control-expose-headers")).toContain("ETag");
      expect(headers.get("strict-transport-security")).toBeNull();
      expect(headers.get("server-timing")).toMatch(/^app;dur=\d+\.\d+$/);
    },
  );

  test("tells what a page may read to pages alone", async () => {
    const { headers } = await app.request("/score?name=a");
    expect(headers.get("access-control-allow-origin")).toBe("*");
    expect(headers.get("access-control-expose-headers")).toBeNull();
  });

  test("says to keep to https where it came by https", async () => {
    const { headers } = await app.app.request("https://example.com/health");
    expect(headers.get("strict-transport-security")).toBe("max-age=15552000");
  });

  test("has an id: the client's, where it can stand in a log, or one of its own", async () => {
    const id = async (given?: string) => {
      const headers = given === undefined ? undefined : { "x-request-id": given };
      return (await app.request("/health", { headers })).headers.get("x-request-id")!;
    };
    expect(await id("job-17.a_b=")).toBe("job-17.a_b=");
    const own = await Promise.all([id(), id(), id("two words"), id('"}'), id("x".repeat(129))]);
    for (const one of own) expect(one).toMatch(/^[0-9a-f]{8}-[0-9a-z]+$/);
    expect(new Set(own).size).toBe(own.length);
  });

  test("is a line in the log, which has no query and no token", async () => {
    lines.length = 0;
    const headers = { "x-request-id": "mine", authorization: "Bearer hidden" };
    await app.request("/score?name=eleanor&model=mlp", { headers });
    await app.request("/a%22b%0Ac?name=eleanor", { headers });
    const [first, second] = lines.map((line) => JSON.parse(line));
    expect(first).toEqual({
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      id: "mine",
      method: "GET",
      path: "/score",
      status: 200,
      ms: expect.any(Number),
      model: "mlp",
    });
    expect(second).toMatchObject({ status: 404, path: '/a"b\nc' });
    expect(lines.join("")).not.toMatch(/eleanor|hidden|\n/);
  });

  test("to an address that is too long is 414", async () => {
    const { status, headers, body } = await app.ask(`/score?name=${"a".repeat(9000)}`);
    expect(status).toBe(414);
    expect(headers.get("x-request-id")).not.toBeNull();
    expect(body.detail).toContain("must be at most 8192 characters long");
  });
});

describe("the bound on work", () => {
  test.each([
    ["/generate?n=1000&max_length=65", "max_length", "at most 64 with this n"],
    ["/generate?n=1000&max_length=256&compat=torch", "max_length", "at most 64 with this n"],
    ["/generate?n=251&min_length=255&compat=torch", "min_length", "at most 254 with this n"],
  ])("%s is refused", async (path, parameter, message) => {
    const { status, body } = await app.ask(path);
    expect(status).toBe(400);
    expect(body.errors).toEqual([{ parameter, message: expect.stringContaining(message) }]);
  });

  test("looks for names that are no repeats so long and no longer", async () => {
    const path = "/generate?n=125&seed=1&min_length=256&max_length=256&top_k=1&unique=true";
    const { status, body } = await app.ask<{ names: unknown[]; shortfall: string }>(path);
    expect([status, body.names.length]).toEqual([200, 1]);
    expect(body.shortfall).toContain("1 of 125 names: 126 were drawn"); // 32,000 characters are 125
  });
});

describe("a token", () => {
  let closed: ServedApp;
  beforeAll(async () => {
    closed = await serveModels(undefined, { token: "s3cret.T0ken~+/==" });
  });
  const bear = (authorization: string) => ({ headers: { authorization } });

  test.each(["/generate", "/score?name=a", "/models", "/models/mlp", "/openapi.json", "/nothing", "/docs"])(
    "closes %s",
    async (path) => {
      const refused = [
        undefined,
        bear("Bearer wrong"),
        bear("Bearer s3cret.T0ken~+/="),
        bear("Bearer s3cret.T0ken~+/==="),
        bear("Basic s3cret.T0ken~+/=="),
        bear("s3cret.T0ken~+/=="),
        bear("Bearer"),
      ];
      for (const init of refused) {
        const { status, type, headers, body } = await closed.ask(path, init);
        expect([status, type]).toEqual([401, "application/problem+json"]);
        expect(headers.get("www-authenticate")).toMatch(/^Bearer /);
        expect(body.type).toBe("urn:edgemore:problem:unauthorized");
        expect(JSON.stringify(body)).not.toContain("s3cret");
      }
      const { status } = await closed.request(path, bear("Bearer s3cret.T0ken~+/=="));
      expect(status).toBe(["/nothing", "/docs"].includes(path) ? 404 : 200);
    },
  );

  test("leaves /health open, and what a browser asks first", async () => {
    expect((await closed.request("/health")).status).toBe(200);
    const preflight = { method: "OPTIONS", headers: { "access-control-request-method": "GET" } };
    expect((await closed.request("/score", preflight)).status).toBe(204);
    expect((await closed.request("/score", { method: "OPTIONS" })).status).toBe(401);
  });

  test("keeps answers out of caches that others ask", async () => {
    const { card } = await closed.registry.get("mlp");
    const pinned = `mlp@${card.sha256.slice(0, 8)}`;
    const kept = async (path: string) =>
      (await closed.request(path, bear("bearer s3cret.T0ken~+/=="))).headers.get("cache-control");
    for (const path of ["/score?name=a", "/models", "/models/mlp", "/models/mlp/model.onnx"]) {
      expect(await kept(path)).toBe("private, no-cache");
    }
    for (
      const path of [
        `/score?name=a&model=${pinned}`,
        `/models/${pinned}`,
        `/models/${pinned}/training_names.txt`,
      ]
    ) {
      expect(await kept(path)).toBe("private, max-age=31536000, immutable");
    }
  });
});

test("with origins named, pages of others may not read", async () => {
  const app = await serveModels(undefined, { origins: ["https://example.com"] });
  for (
    const [origin, allowed] of [["https://example.com", "https://example.com"], [
      "https://evil.example",
      null,
    ]]
  ) {
    for (const method of ["GET", "OPTIONS"]) {
      const { headers } = await app.request("/score?name=a", { method, headers: { origin: origin! } });
      expect(headers.get("access-control-allow-origin")).toBe(allowed);
      expect(headers.get("vary")).toContain("Origin");
    }
  }
});

test("who asks too often waits, and nobody else", async () => {
  const limiter = new TokenBuckets({ requests: 3, seconds: 60 });
  const app = await serveModels(undefined, {
    rateLimit: { limiter, addressOf: ({ req }) => req.header("x-forwarded-for") ?? "" },
  });
  const ask = (client: string, path = "/score?name=a") =>
    app.ask(path, { headers: { "x-forwarded-for": client } });
  for (let i = 0; i < 3; i++) expect((await ask("192.0.2.1")).status).toBe(200);
  const { status, type, headers, body } = await ask("192.0.2.1");
  expect([status, type]).toEqual([429, "application/problem+json"]);
  expect(Number(headers.get("retry-after"))).toBeGreaterThanOrEqual(1);
  expect(Number(headers.get("retry-after"))).toBeLessThanOrEqual(20);
  expect(body.type).toBe("urn:edgemore:problem:too-many-requests");
  expect((await ask("192.0.2.1", "/health")).status).toBe(200);
  expect((await ask("192.0.2.2")).status).toBe(200);
  // Who has one address of IPv6 has 2^64 of them.
  for (let i = 0; i < 3; i++) expect((await ask(`2001:db8::${i}`)).status).toBe(200);
  expect((await ask("2001:db8:0:0:ffff::9")).status).toBe(429);
  expect((await ask("2001:db8:0:1::1")).status).toBe(200);
});
