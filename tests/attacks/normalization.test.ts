import { describe, expect, test } from "vitest";
import { MAX_MARKS } from "../../shared/name_length.ts";
import { answerWhileHealthy, startBothServers } from "../servers.ts";

/*
 * Normalisation reorders combining marks in quadratic time: 80 kB of marks once blocked the server for two seconds,
 * 800 kB for two minutes.
 */

/** Marks of two combining classes, in the order that takes longest to normalise. */
const MARKS = "\u0301".repeat(100_000) + "\u0323".repeat(100_000);

const servers = startBothServers();

describe.each(["deno", "workerd"])("%s", (runtime) => {
  const post = (type: string, body: string) =>
    fetch(`${servers.get(runtime)!.address}/score`, {
      method: "POST",
      headers: { "content-type": type },
      body,
    });

  const attack = (request: Promise<Response>) => answerWhileHealthy(servers.get(runtime)!, request);

  test("rejects a name of 200,000 marks in an array", async () => {
    const { status, text } = await attack(post("application/json", JSON.stringify([`a${MARKS}`, "ada"])));
    expect(status).toBe(200);
    const [refused, scored] = JSON.parse(text);
    expect(refused.error.detail).toContain("must be 1 to 256 characters of Unicode with");
    expect(refused.name.length).toBeLessThan(600);
    expect(scored.name).toBe("ada");
  });

  test("rejects lines of 200,000 marks in a text", async () => {
    const { status, text } = await attack(post("text/plain", `a${MARKS}\n`.repeat(20)));
    expect(status).toBe(200);
    const lines = text.trim().split("\n").map((line) => JSON.parse(line));
    expect(lines).toHaveLength(20);
    for (const { error } of lines) expect(error.title).toBe("Invalid text");
  });

  test("rejects an array of the largest size in which each name has 2,000 marks", async () => {
    const name = `a${MARKS.slice(0, 1000)}${MARKS.slice(-1000)}`;
    const { status, text } = await attack(
      post("application/json", JSON.stringify(new Array<string>(250).fill(name))),
    );
    expect(status).toBe(200);
    expect(JSON.parse(text)[249].error.title).toBe("Invalid text");
  });

  test.each(["/score?name=", "/next?prefix=", "/generate?prefix=", "/generate?model="])(
    "rejects %s with as many marks as fit into a URL",
    async (query) => {
      const marks = encodeURIComponent(`a${MARKS.slice(0, 600)}${MARKS.slice(-600)}`);
      const { status, text } = await attack(fetch(servers.get(runtime)!.address + query + marks));
      expect(status).toBe(400);
      expect(text).toContain(`at most ${MAX_MARKS} combining marks in a row`);
    },
  );
});
