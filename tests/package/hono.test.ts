import { Hono } from "hono";
import { beforeAll, describe, expect, test } from "vitest";
import { type Model, openModel, readModel } from "../../package/core.ts";
import { edgemore, type EdgemoreOptions } from "../../package/hono.ts";

let gru: Model;
beforeAll(async () => void (gru = await openModel(await readModel("models", "gru"))));

/** An application that has the routes below a path. */
function mounted(path = "/names", options: Partial<EdgemoreOptions> = {}): Hono {
  const app = new Hono();
  app.get("/", (context) => context.text("outer"));
  app.notFound((context) => context.text("outer 404", 404));
  app.route(path, edgemore({ models: [gru], ...options }));
  return app;
}

async function detailOf(answer: Response): Promise<string> {
  expect(answer.headers.get("content-type")).toBe("application/problem+json");
  return (await answer.json()).detail;
}

describe.each(["/names", "/a/b", "/:tenant/names"])("below %s", (path) => {
  const at = path.replace(":tenant", "acme");

  test("the routes answer as by themselves", async () => {
    const app = mounted(path);
    const alone = edgemore({ models: [gru] });
    for (
      const route of ["/generate?n=2&seed=42", "/score?name=andrej", "/next?prefix=an", "/models", "/health"]
    ) {
      const [one, other] = [await app.request(at + route), await alone.request(route)];
      expect(one.status).toBe(200);
      expect(one.headers.get("etag")).toBe(other.headers.get("etag"));
      expect(await one.json()).toEqual(await other.json());
    }
  });

  test("errors are problem documents that name the whole path", async () => {
    const app = mounted(path);
    expect(await detailOf(await app.request(`${at}/nothing`))).toBe(
      `There is no GET ${at}/nothing here; ${at}/openapi.json lists what there is`,
    );
    const refused = await app.request(`${at}/score`, { method: "DELETE" });
    expect(refused.status).toBe(405);
    expect(refused.headers.get("allow")).toBe("GET, HEAD, POST, OPTIONS");
    expect(await detailOf(refused)).toBe(`${at}/score answers GET, HEAD, POST, OPTIONS, not DELETE`);
    expect(await detailOf(await app.request(`${at}/score?name=r2`))).toContain(
      'the character "2" at position 2',
    );
  });

  test("the OpenAPI document has the path as its server", async () => {
    const document = await (await mounted(path).request(`${at}/openapi.json`)).json();
    expect(document.servers).toMatchObject([{ url: at }]);
    expect(Object.keys(document.paths)).toContain("/generate");
  });
});

test("by itself, the OpenAPI document has the root as its server", async () => {
  const document = await (await edgemore({ models: [gru] }).request("/openapi.json")).json();
  expect(document.servers).toMatchObject([{ url: "/" }]);
});

test("the other application keeps its own paths", async () => {
  const app = mounted();
  expect(await (await app.request("/")).text()).toBe("outer");
  expect(await (await app.request("/nameless")).text()).toBe("outer 404");
});

test("a client that has an answer gets 304", async () => {
  const app = mounted();
  const headers = { "if-none-match": (await app.request("/names/score?name=ada")).headers.get("etag")! };
  expect((await app.request("/names/score?name=ada", { headers })).status).toBe(304);
});

test("HEAD, OPTIONS and a streamed body pass", async () => {
  const app = mounted();
  const head = await app.request("/names/health", { method: "HEAD" });
  expect([head.status, await head.text()]).toEqual([200, ""]);
  const preflight = await app.request("/names/score", { method: "OPTIONS" });
  expect([preflight.status, preflight.headers.get("allow")]).toEqual([204, "GET, HEAD, POST, OPTIONS"]);
  const scored = await app.request("/names/score?characters=false", {
    method: "POST",
    headers: { "content-type": "text/plain" },
    body: "ada\neve\n",
  });
  expect((await scored.text()).trim().split("\n")).toHaveLength(2);
});

test("a token is needed, except for health", async () => {
  const app = mounted("/names", { token: "secret" });
  expect((await app.request("/names/score?name=ada")).status).toBe(401);
  expect((await app.request("/names/health")).status).toBe(200);
  const headers = { authorization: "Bearer secret" };
  expect((await app.request("/names/score?name=ada", { headers })).status).toBe(200);
});

test("the log has a line for each request", async () => {
  const lines: string[] = [];
  await mounted("/names", { log: (line) => lines.push(line) }).request("/names/score?name=ada");
  expect(lines.map((line) => JSON.parse(line))).toMatchObject([{
    path: "/score",
    status: 200,
    model: "gru",
  }]);
});

describe("models", () => {
  test("files are opened in the background; opened models answer at once", async () => {
    const app = edgemore({ models: [await readModel("models", "bigram"), gru], defaultModel: "bigram" });
    const { status, models } = await (await app.request("/health")).json();
    expect({ status, models }).toMatchObject({
      status: "starting",
      models: [{ name: "bigram", status: "opening" }, { name: "gru", status: "ready" }],
    });
    expect(await (await app.request("/score?name=ada")).json()).toMatchObject({ model: "bigram" });
  });

  test("a broken one is told by health", async () => {
    const source = { ...await readModel("models", "bigram"), onnx: new Uint8Array(3) };
    const app = edgemore({ models: [source, gru] });
    await expect.poll(async () => (await (await app.request("/health")).json()).status).toBe("degraded");
  });

  test("two of one name are refused, and a default that is not there", () => {
    expect(() => edgemore({ models: [gru, gru] })).toThrow("Cannot serve two models of the name gru");
    expect(() => edgemore({ models: [gru], defaultModel: "mlp" })).toThrow(
      'Cannot make "mlp" the default model',
    );
  });

  test("a closed one is refused", async () => {
    const closed = await openModel(await readModel("models", "bigram"));
    closed.close();
    expect(() => edgemore({ models: [closed] })).toThrow("Cannot serve: model bigram is closed");
  });
});
