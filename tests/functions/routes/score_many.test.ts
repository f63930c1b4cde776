import { beforeAll, describe, expect, test } from "vitest";
import { type ServedApp, serveModels } from "../serve_models.ts";

let app: ServedApp;
beforeAll(async () => {
  app = await serveModels();
});

const NAMES = ["andrej", "Eleanor", "xqzvk", "a", "z".repeat(256)];

function post(path: string, type: string, body: BodyInit, accept?: string): Promise<Response> {
  const headers = { "content-type": type, ...(accept && { accept }) };
  return app.request(path, { method: "POST", headers, body });
}

async function array(names: unknown, query = ""): Promise<Record<string, unknown>[]> {
  const response = await post(`/score${query}`, "application/json", JSON.stringify(names));
  expect(response.status).toBe(200);
  return await response.json();
}

async function lines(text: BodyInit, query = ""): Promise<Record<string, unknown>[]> {
  const response = await post(`/score${query}`, "text/plain", text);
  expect([response.status, response.headers.get("content-type")]).toEqual([200, "application/x-ndjson"]);
  const answer = await response.text();
  expect(answer === "" || answer.endsWith("\n")).toBe(true);
  return answer.split("\n").slice(0, -1).map((line) => JSON.parse(line));
}

async function single(name: string, model: string): Promise<Record<string, unknown>> {
  return (await app.ask(`/score?name=${name}&model=${model}`)).body;
}

describe("POST /score", () => {
  test.each(["bigram", "gru", "mlp"])("gives what GET /score gives for each, from %s", async (model) => {
    const alone = await Promise.all(NAMES.map((name) => single(name, model)));
    expect(await array(NAMES, `?model=${model}`)).toEqual(alone);
    expect(await lines(NAMES.join("\n"), `?model=${model}`)).toEqual(alone);
    const ndjson = await post(
      `/score?model=${model}`,
      "application/json",
      JSON.stringify(NAMES),
      "application/x-ndjson, */*;q=0.1",
    );
    expect(await ndjson.text()).toBe(alone.map((scored) => `${JSON.stringify(scored)}\n`).join(""));
  });

  test("leaves the characters out when told so", async () => {
    const { characters: _, ...andrej } = await single("andrej", "gru");
    expect(await array(["andrej"], "?characters=false")).toEqual([andrej]);
    expect(await lines("andrej", "?characters=false")).toEqual([andrej]);
  });

  test("answers a bad name with its place and its error, and goes on", async () => {
    const error = (detail: string) => ({
      type: "urn:edgemore:problem:invalid-name",
      title: "Invalid text",
      detail: expect.stringContaining(detail),
    });
    expect(await array(["ada", "r2", "", "bob"])).toEqual([
      expect.objectContaining({ name: "ada" }),
      { index: 1, name: "r2", error: error('has the character "2" at position 2, which model gru') },
      { index: 2, name: "", error: error("must be 1 to 256 characters") },
      expect.objectContaining({ name: "bob" }),
    ]);
    expect(await lines(`\ufeffada\r\nr2\n\n${"x".repeat(100_000)}\nbob`)).toEqual([
      expect.objectContaining({ name: "ada" }),
      { line: 2, name: "r2", error: error('has the character "2"') },
      { line: 3, name: "", error: error("must be 1 to 256 characters") },
      { line: 4, name: `${"x".repeat(256)}…`, error: error("must be 1 to 256 characters") },
      expect.objectContaining({ name: "bob" }),
    ]);
  });

  test("numbers names across batches", async () => {
    const names = Array.from({ length: 5000 }, (_, i) => (i % 1000 === 999 ? "9" : "ada"));
    const bad = (await array(names, "?characters=false")).filter((answer) => "error" in answer);
    expect(bad.map(({ index }) => index)).toEqual([999, 1999, 2999, 3999, 4999]);
    const badLines = (await lines(names.join("\n"), "?characters=false")).filter((answer) =>
      "error" in answer
    );
    expect(badLines.map(({ line }) => line)).toEqual([1000, 2000, 3000, 4000, 5000]);
  });

  test("answers nothing with nothing", async () => {
    expect(await array([])).toEqual([]);
    expect(await lines("")).toEqual([]);
    expect(await (await post("/score", "application/json", "[]", "application/x-ndjson")).text()).toBe("");
  });

  test("takes 10,000 names and no more", async () => {
    const names = new Array<string>(10_000).fill("ada");
    expect((await array(names, "?characters=false")).length).toBe(10_000);
    const { status, body } = await app.ask("/score", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify([...names, "one"]),
    });
    expect([status, body.detail]).toEqual([
      413,
      "The body must have at most 10000 texts, has 10001; send more as text/plain, one thing a line, or in several requests",
    ]);
  });

  test("reads no more of a body than it may have", async () => {
    const blank = new Uint8Array(2 ** 16).fill(0x20);
    let sent = 0;
    const endless = new ReadableStream({
      pull(controller) {
        sent += blank.length;
        controller.enqueue(blank);
      },
    });
    const response = await post("/score", "application/json", endless);
    expect(response.status).toBe(413);
    expect((await response.json()).detail).toContain("at most 1048576 bytes, has more");
    expect(sent).toBeLessThan(2 ** 21);
    const declared = await app.request("/score", {
      method: "POST",
      headers: { "content-type": "application/json", "content-length": "1048577" },
      body: "[]",
    });
    expect(declared.status).toBe(413);
  });

  test("answers a body that breaks off as the client's fault, not its own", async () => {
    const broken = new ReadableStream({
      pull: (controller) => controller.error(new Error("the client is gone")),
    });
    const response = await post("/score", "application/json", broken);
    expect(response.status).toBe(400);
    expect((await response.json()).detail).toBe("body broke off before its end");
  });

  test.each([
    ['{"name":"ada"}', "must be a JSON array of texts, got an object"],
    ['"ada"', "must be a JSON array of texts, got a text"],
    ['["ada", 5]', "must be a JSON array of texts, got the number 5 at index 1"],
    ['["ada", ["bob"]]', "must be a JSON array of texts, got an array at index 1"],
    ["[null]", "must be a JSON array of texts, got null at index 0"],
    ['["ada"', "must be a JSON array of texts, is not JSON: "],
    ["", "must be a JSON array of texts, is not JSON: "],
    [Uint8Array.of(0x5b, 0x22, 0xff, 0x22, 0x5d), "must be a JSON array of texts, is not UTF-8"],
  ])("refuses %s", async (body, message) => {
    const response = await post("/score", "application/json", body);
    expect([response.status, response.headers.get("content-type")]).toEqual([
      400,
      "application/problem+json",
    ]);
    expect((await response.json()).errors).toEqual([
      { parameter: "body", message: expect.stringContaining(message) },
    ]);
  });

  test.each([
    ["application/x-www-form-urlencoded", 'got "application/x-www-form-urlencoded"'],
    ["text/plain; charset=iso-8859-1", 'got "text/plain; charset=iso-8859-1"'],
    ["", "got no content-type"],
  ])("refuses a body of type %j", async (type, message) => {
    const response = await app.request("/score", {
      method: "POST",
      headers: { "content-type": type },
      body: new TextEncoder().encode("ada"),
    });
    expect(response.status).toBe(415);
    expect((await response.json()).detail).toContain(message);
  });

  test("takes types with their parameters, however written", async () => {
    expect((await post("/score", "Text/Plain;charset=UTF-8", "ada")).status).toBe(200);
    expect((await post("/score", "application/json; charset=utf8", "[]")).status).toBe(200);
  });

  test("refuses unknown parameters and models as every route does", async () => {
    expect((await post("/score?name=ada", "text/plain", "ada")).status).toBe(400);
    expect((await post("/score?model=gpt", "text/plain", "ada")).status).toBe(404);
    expect((await post("/score?characters=no", "text/plain", "ada")).status).toBe(400);
  });
});

describe("POST /score with text", () => {
  /** Lines without end, and how many bytes of them were taken. */
  function endlessLines(): {
    body: ReadableStream<Uint8Array>;
    sent: () => number;
    cancelled: () => boolean;
  } {
    const some = new TextEncoder().encode("eleanor\n".repeat(1000));
    let [sent, cancelled] = [0, false];
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        sent += some.length;
        controller.enqueue(some);
      },
      cancel() {
        cancelled = true;
      },
    });
    return { body, sent: () => sent, cancelled: () => cancelled };
  }

  test("answers before the last line has come, and reads on only as it is read", async () => {
    const { body, sent } = endlessLines();
    const reader = (await post("/score", "text/plain", body)).body!.getReader();
    const { value } = await reader.read();
    expect(new TextDecoder().decode(value)).toContain('"name":"eleanor"');
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(sent()).toBeLessThan(100_000);
    await reader.cancel();
  });

  test("stops reading and scoring when the client goes away", async () => {
    const { cache } = await app.registry.get("gru");
    let looked = 0;
    const cursor = cache.cursor.bind(cache);
    cache.cursor = () => {
      looked++;
      return cursor();
    };
    const { body, cancelled } = endlessLines();
    const reader = (await post("/score", "text/plain", body)).body!.getReader();
    await reader.read();
    await reader.cancel();
    expect(cancelled()).toBe(true);
    const then = looked;
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(looked).toBe(then);
    expect(looked).toBeGreaterThan(0);
  });
});
