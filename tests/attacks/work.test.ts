import { describe, expect, test } from "vitest";
import { answerWhileHealthy, healthDuring, startBothServers } from "../servers.ts";

/*
 * The most expensive requests that are allowed must not delay other requests, and their answers must not be much larger
 * than the requests.
 */

const servers = startBothServers();

/** A random name, whose contexts are not in the cache. */
function unlikelyName(length: number): string {
  return Array.from({ length }, () => "abcdefghijklmnopqrstuvwxyz"[Math.floor(26 * Math.random())]).join("");
}

const unlikelyNames = (count: number, length: number) =>
  Array.from({ length: count }, () => unlikelyName(length));

describe.each(["deno", "workerd"])("%s", (runtime) => {
  const ask = (path: string, init?: RequestInit) => fetch(servers.get(runtime)!.address + path, init);
  const post = (query: string, type: string, body: string) =>
    ask(`/score${query}`, { method: "POST", headers: { "content-type": type }, body });

  const attack = (request: Promise<Response>) => answerWhileHealthy(servers.get(runtime)!, request);

  test.each(["compat=torch&seed=1", "seed=1"])(
    "draws 1,000 names of 64 unlikely characters with %s",
    async (query) => {
      const shape = "n=1000&min_length=64&max_length=64&temperature=5&top_p=.9999&top_k=26";
      const { status, text } = await attack(ask(`/generate?${shape}&${query}`));
      expect(status).toBe(200);
      expect(JSON.parse(text).names).toHaveLength(1000);
    },
  );

  // A model that sees whole beginnings may have to compute more positions than a request may have: it then answers 422.
  // Those to the GRU evict each other's states, so that each more makes all of them longer.
  test.each([
    ["mlp", 6, [200]],
    ["gru", 3, [200, 422]],
  ])("answers a small request while %s answers %d large ones", async (model, count, allowed) => {
    const shape = `model=${model}&n=1000&min_length=64&max_length=64&temperature=5&top_k=26`;
    const many = Promise.all(Array.from({ length: count }, async (_, seed) => {
      const response = await ask(`/generate?${shape}&seed=${seed}`);
      await response.text();
      return response.status;
    }));
    const { longest } = await healthDuring(servers.get(runtime)!.address, many);
    expect(longest).toBeLessThan(1000);
    for (const status of await many) expect(allowed).toContain(status);
  });

  test("refuses 10,000 names of 256 characters in an array, and says what to do instead", async () => {
    // The strings come to 2.5 MB, which is too much; shorter names come to too many positions.
    for (const [count, length] of [[10_000, 256], [10_000, 90]]) {
      const { status, text } = await attack(
        post("", "application/json", JSON.stringify(unlikelyNames(count, length))),
      );
      expect(status).toBe(413);
      expect(JSON.parse(text).detail).toContain("send more as text/plain, one thing a line");
    }
  });

  // The context of a character is the whole beginning where the model sees all of it.
  test.each([
    ["mlp", 120],
    ["gru", 250],
  ])("scores the largest array by %s with an answer of at most %d times its size", async (model, times) => {
    const body = JSON.stringify(unlikelyNames(970, 256));
    const { status, text } = await attack(post(`?model=${model}`, "application/json", body));
    expect(status).toBe(200);
    expect(JSON.parse(text)).toHaveLength(970);
    expect(text.length).toBeLessThan(times * body.length);
  });

  test("ends the answer to a text before it would describe too many positions", async () => {
    const body = unlikelyNames(4000, 256).join("\n");
    const { status, text } = await attack(post("?model=mlp", "text/plain", body)); // gru takes 40 s to get there
    expect(status).toBe(200);
    const lines = text.trimEnd().split("\n");
    const last = JSON.parse(lines.at(-1)!);
    expect(last.error.type).toBe("urn:edgemore:problem:too-much-work");
    expect(last.error.detail).toContain("at most 1000000 positions one by one");
    expect(last.line).toBe(lines.length);
    expect(lines.length).toBeGreaterThan(3800);
    expect(JSON.parse(lines.at(-2)!).characters).toHaveLength(257);
  });

  test("survives arrays that are nested or do not contain names", async () => {
    for (
      const body of ["[".repeat(2 ** 19), `[${"{},".repeat(300_000)}{}]`, `["${"\\u0301".repeat(170_000)}"]`]
    ) {
      const { status } = await attack(post("", "application/json", body));
      expect([200, 400, 413]).toContain(status);
    }
  });
});
