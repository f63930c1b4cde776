import { beforeAll, describe, expect, test } from "vitest";
import type { Server } from "../processes.ts";
import { healthDuring, startDenoServer, startWorkerd } from "../servers.ts";

/*
 * Requests that are allowed, and cost as much as a request may: none may hold up the others, nor make an answer that is
 * out of all proportion.
 */

/** The real servers, by runtime. */
const servers = new Map<string, Server>();

beforeAll(async () => {
  const [deno, workerd] = await Promise.all([startDenoServer(), startWorkerd()]);
  servers.set("deno", deno).set("workerd", workerd);
  return async () => void await Promise.all([deno.end(), workerd.end()]);
});

/** A name that nobody has asked for: its contexts are in no cache. */
function unlikelyName(length: number): string {
  return Array.from({ length }, () => "abcdefghijklmnopqrstuvwxyz"[Math.floor(26 * Math.random())]).join("");
}

const unlikelyNames = (count: number, length: number) =>
  Array.from({ length: count }, () => unlikelyName(length));

describe.each(["deno", "workerd"])("%s", (runtime) => {
  const ask = (path: string, init?: RequestInit) => fetch(servers.get(runtime)!.address + path, init);
  const post = (query: string, type: string, body: string) =>
    ask(`/score${query}`, { method: "POST", headers: { "content-type": type }, body });

  /** Sends an attack, and returns the answer; meanwhile others are answered within a second. */
  async function attack(request: Promise<Response>): Promise<{ status: number; text: string }> {
    const answer = request.then(async (response) => ({
      status: response.status,
      text: await response.text(),
    }));
    const { longest, answers } = await healthDuring(servers.get(runtime)!.address, answer);
    expect(longest).toBeLessThan(1000);
    expect(answers).toBeGreaterThan(0);
    return await answer;
  }

  test.each(["compat=torch&seed=1", "seed=1"])(
    "makes 1,000 names of 64 strange characters with %s",
    async (query) => {
      const shape = "n=1000&min_length=64&max_length=64&temperature=5&top_p=.9999&top_k=26";
      const { status, text } = await attack(ask(`/generate?${shape}&${query}`));
      expect(status).toBe(200);
      expect(JSON.parse(text).names).toHaveLength(1000);
    },
  );

  test("makes many such answers at once, and answers a small request among them", async () => {
    const shape = "n=1000&min_length=64&max_length=64&temperature=5&top_k=26";
    const many = Promise.all(Array.from({ length: 6 }, async (_, seed) => {
      const response = await ask(`/generate?${shape}&seed=${seed}`);
      await response.text();
      return response.status;
    }));
    const { longest } = await healthDuring(servers.get(runtime)!.address, many);
    expect(longest).toBeLessThan(1000);
    expect(await many).toEqual(new Array(6).fill(200));
  });

  test("refuses 10,000 names of 256 characters in an array, and says what to do instead", async () => {
    // The strings come to 2.5 MB, which is too much; shorter names come to too many positions.
    for (const [count, length] of [[10_000, 256], [10_000, 90]]) {
      const { status, text } = await attack(
        post("", "application/json", JSON.stringify(unlikelyNames(count, length))),
      );
      expect(status).toBe(413);
      expect(JSON.parse(text).detail).toContain("send more as text/plain, one name a line");
    }
  });

  test("scores the largest array, and its answer is in proportion", async () => {
    const body = JSON.stringify(unlikelyNames(970, 256));
    const { status, text } = await attack(post("", "application/json", body));
    expect(status).toBe(200);
    expect(JSON.parse(text)).toHaveLength(970);
    expect(text.length).toBeLessThan(120 * body.length);
  });

  test("ends a text at the line from which its answer would describe too much", async () => {
    const body = unlikelyNames(4000, 256).join("\n");
    const { status, text } = await attack(post("", "text/plain", body));
    expect(status).toBe(200);
    const lines = text.trimEnd().split("\n");
    const last = JSON.parse(lines.at(-1)!);
    expect(last.error.type).toBe("urn:edgemore:problem:too-much-work");
    expect(last.error.detail).toContain("at most 1000000 positions one by one");
    expect(last.line).toBe(lines.length);
    expect(lines.length).toBeGreaterThan(3800);
    expect(JSON.parse(lines.at(-2)!).characters).toHaveLength(257);
  });

  test("refuses arrays that are anything but names, however deep", async () => {
    for (
      const body of ["[".repeat(2 ** 19), `[${"{},".repeat(300_000)}{}]`, `["${"\\u0301".repeat(170_000)}"]`]
    ) {
      const { status } = await attack(post("", "application/json", body));
      expect([200, 400, 413]).toContain(status);
    }
  });
});
