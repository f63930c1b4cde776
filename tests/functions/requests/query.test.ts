import fc from "fast-check";
import type { Context } from "hono";
import { HonoRequest } from "hono/request";
import { expect, test } from "vitest";
import { Problem } from "../../../functions/problem.ts";
import { flag, queryOf, text, wholeNumber } from "../../../functions/requests/parameters.ts";
import { queryReader } from "../../../functions/requests/query.ts";

const documented = { description: "" };
const read = queryReader(queryOf({
  name: text({ minimum: 0, maximum: 5, ...documented }),
  n: wholeNumber({ minimum: 1, maximum: 100, ...documented }).optional(),
  unique: flag(documented).optional(),
}));

/** The values of a query, or the problem's document. */
function outcome(query: string): unknown {
  const req = new HonoRequest(new Request("http://localhost/generate")); // whose URL would be normalized
  Object.defineProperty(req, "url", { value: `http://localhost/generate${query}` });
  try {
    return read({ req } as Context);
  } catch (error) {
    if (error instanceof Problem) return error.toJSON();
    throw error;
  }
}

test("reads parameters that have to be decoded, and those that do not", () => {
  expect(outcome("?name=ann&n=7&unique=false")).toEqual({ name: "ann", n: 7, unique: false });
  expect(outcome("?name=%C3%A9+b")).toEqual({ name: "é b" });
  expect(outcome("?name=")).toEqual({ name: "" });
});

test.each([
  ["", "name must be given once"],
  ["?n=3", "name must be given once"],
  ["?name=a&n=1&n=1", "n must be given once"],
  ["?name=a&n=0", "n must be a whole number from 1 to 100"],
  ["?name=a&n", "n must be a whole number from 1 to 100"],
  ["?name=a&m=1&n=0", "m is no parameter of this route"],
  ["?name=a&__proto__=1", "__proto__ is no parameter of this route"],
])("refuses %s", (query, detail) => {
  expect(outcome(query)).toMatchObject({ status: 400, detail: expect.stringContaining(detail) });
});

test("reads a query with nothing to decode as one that is decoded", () => {
  const part = (...texts: string[]) => fc.constantFrom(...texts);
  const pair = fc.tuple(
    part("name", "n", "unique", "other", "__proto__", ""),
    part("=", "", "=="),
    part("", "1", "01", "101", "true", "ann", "toolong", "?", "é", "a=b"),
  ).map((parts) => parts.join(""));
  fc.assert(
    fc.property(fc.array(pair, { maxLength: 4 }), (pairs) => {
      const query = `?${pairs.join("&")}`;
      // A fragment is not part of the query, but makes it one that is decoded.
      expect(outcome(query)).toEqual(outcome(`${query}#`));
    }),
    { numRuns: 2000 },
  );
});
