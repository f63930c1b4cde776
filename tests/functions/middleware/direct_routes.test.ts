import type { Context } from "hono";
import { expect, test } from "vitest";
import { answerDirectly } from "../../../functions/middleware/direct_routes.ts";
import { responseHeaders } from "../../../functions/middleware/response_headers.ts";

const answer = answerDirectly(
  { "/names": (context: Context) => context.text(`directly ${context.env.client}`) },
  (request) => new URL(request.url).pathname.replace("/mounted", ""),
  (request, environment) => new Response(`${request.method} ${(environment as { client: string }).client}`),
);
const ask = async (path: string, method = "GET") => {
  const response = await answer(new Request(`http://localhost${path}`, { method }), { client: "ann" });
  return await response.text();
};

test("answers GET to the paths of the handlers directly, and all else by the application", async () => {
  expect(await ask("/names")).toBe("directly ann");
  expect(await ask("/names?n=3")).toBe("directly ann");
  expect(await ask("/mounted/names")).toBe("directly ann");
  expect(await ask("/names", "HEAD")).toBe("HEAD ann");
  expect(await ask("/names", "POST")).toBe("POST ann");
  expect(await ask("/names/1")).toBe("GET ann");
});

const { around } = responseHeaders({ serverTiming: false, open: true, closed: false });
const boom = () => {
  throw new Error("it fell over");
};

test.each([
  ["at once", boom],
  ["later", () => Promise.resolve().then(boom)],
])("a handler around which the headers are set may throw %s", async (_, handler) => {
  const direct = answerDirectly({ "/": around(handler) }, () => "/", boom);
  const response = await direct(new Request("http://localhost/"));
  expect(response.status).toBe(500);
  expect(response.headers.get("content-type")).toBe("application/problem+json");
  expect(response.headers.get("content-security-policy")).toContain("'none'");
  expect(response.headers.get("cache-control")).toBe("no-store");
});

test("answers without a promise where the handler does", () => {
  const direct = answerDirectly({ "/": around((context) => context.text("now")) }, () => "/", boom);
  expect(direct(new Request("http://localhost/"))).toBeInstanceOf(Response);
});
