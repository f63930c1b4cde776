import { describe, expect, test } from "vitest";
import { hostProblem } from "../../../functions/middleware/host.ts";

test("refuses an empty host, also in the first request", () => {
  expect(hostProblem("http://example.com/score", "")).toMatchObject({ kind: "invalid-host" });
});

describe("after a request with a valid host", () => {
  const accept = () => expect(hostProblem("http://example.com/score", "example.com")).toBeUndefined();

  test("accepts the same host, and others", () => {
    accept();
    accept();
    expect(hostProblem("https://example.com/score", "example.com")).toBeUndefined();
    expect(hostProblem("http://[::1]:8000/score", "[::1]:8000")).toBeUndefined();
    expect(hostProblem("http://example.com/score", null)).toBeUndefined();
  });

  test.each([
    ["http://example.com/score", "example.com/"],
    ["http://example.com/score", "example.com/score?name=eleanor#"],
    ["http://example.com/score", "user@example.com"],
    ["http://example.com@example.org/score", "example.com"],
    ["http://example.com?/score", "example.com"],
    ["http://user@example.org/score", "example.com"],
    ["ftp://example.com/score", "example.com"],
  ])("refuses %s with Host: %s", (url, host) => {
    accept();
    expect(hostProblem(url, host)).toMatchObject({ kind: "invalid-host" });
  });
});
