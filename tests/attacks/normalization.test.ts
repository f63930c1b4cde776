import { beforeAll, describe, expect, test } from "vitest";
import { MAX_MARKS } from "../../shared/name_length.ts";
import type { Server } from "../processes.ts";
import { healthDuring, startDenoServer, startWorkerd } from "../servers.ts";

/*
 * Putting combining marks in order takes time that grows with the square of their number: 80 kB of them once held the
 * server for two seconds, 800 kB for two minutes.
 */

/** Marks of two classes, in the order that takes longest to mend. */
const MARKS = "\u0301".repeat(100_000) + "\u0323".repeat(100_000);

/** The real servers, by runtime. */
const servers = new Map<string, Server>();

beforeAll(async () => {
  const [deno, workerd] = await Promise.all([startDenoServer(), startWorkerd()]);
  servers.set("deno", deno).set("workerd", workerd);
  return async () => void await Promise.all([deno.end(), workerd.end()]);
});

describe.each(["deno", "workerd"])("%s", (runtime) => {
  const post = (type: string, body: string) =>
    fetch(`${servers.get(runtime)!.address}/score`, {
      method: "POST",
      headers: { "content-type": type },
      body,
    });

  /** Sends an attack, and returns the answer; meanwhile others are answered within a second. */
  async function attack(request: Promise<Response>): Promise<{ status: number; text: string }> {
    const answer = request.then(async (response) => ({
      status: response.status,
      text: await response.text(),
    }));
    const { longest } = await healthDuring(servers.get(runtime)!.address, answer);
    expect(longest).toBeLessThan(1000);
    return await answer;
  }

  test("refuses a name of 200,000 marks in an array", async () => {
    const { status, text } = await attack(post("application/json", JSON.stringify([`a${MARKS}`, "ada"])));
    expect(status).toBe(200);
    const [refused, scored] = JSON.parse(text);
    expect(refused.error.detail).toContain("must be 1 to 256 characters of Unicode text");
    expect(refused.name.length).toBeLessThan(600);
    expect(scored.name).toBe("ada");
  });

  test("refuses lines of 200,000 marks in a text", async () => {
    const { status, text } = await attack(post("text/plain", `a${MARKS}\n`.repeat(20)));
    expect(status).toBe(200);
    const lines = text.trim().split("\n").map((line) => JSON.parse(line));
    expect(lines).toHaveLength(20);
    for (const { error } of lines) expect(error.title).toBe("Invalid name");
  });

  test("refuses as many names as an array may have, of as many marks as a name may have units", async () => {
    const name = `a${MARKS.slice(0, 1000)}${MARKS.slice(-1000)}`;
    const { status, text } = await attack(
      post("application/json", JSON.stringify(new Array<string>(250).fill(name))),
    );
    expect(status).toBe(200);
    expect(JSON.parse(text)[249].error.title).toBe("Invalid name");
  });

  test.each(["/score?name=", "/next?prefix=", "/generate?prefix=", "/generate?model="])(
    "refuses %s of marks, as many as an address has room for",
    async (query) => {
      const marks = encodeURIComponent(`a${MARKS.slice(0, 600)}${MARKS.slice(-600)}`);
      const { status, text } = await attack(fetch(servers.get(runtime)!.address + query + marks));
      expect(status).toBe(400);
      expect(text).toContain(`at most ${MAX_MARKS} combining marks in a row`);
    },
  );
});
