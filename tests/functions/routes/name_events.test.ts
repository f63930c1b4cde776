import { beforeAll, describe, expect, onTestFinished, test, vi } from "vitest";
import { DistributionCache } from "../../../shared/distribution_cache/distribution_cache.ts";
import { type ServedApp, serveModels } from "../serve_models.ts";
import { type ServedEvent, serverSentEvents } from "../../server_sent_events.ts";

let app: ServedApp;
beforeAll(async () => {
  app = await serveModels();
});

async function ask(query: string, headers: Record<string, string> = {}): Promise<Response> {
  return await app.request(`/generate?${query}`, { headers: { accept: "text/event-stream", ...headers } });
}

async function events(query: string, headers: Record<string, string> = {}): Promise<ServedEvent[]> {
  const all: ServedEvent[] = [];
  for await (const event of serverSentEvents((await ask(query, headers)).body!)) all.push(event);
  return all;
}

describe("GET /generate as server-sent events", () => {
  test("sends what the JSON answer has, name by name, and then the end", async () => {
    for (const query of ["seed=42&n=100", "seed=7&n=30&unique=true&novel=true&temperature=0.8"]) {
      const { body } = await app.ask<{ names: unknown[] }>(`/generate?${query}`);
      const all = await events(query);
      const names = all.slice(0, -1);
      expect(names.map(({ event }) => event)).toEqual(names.map(() => "name"));
      expect(names.map(({ data }) => data)).toEqual(body.names);
      const seed = /seed=(\d+)/.exec(query)![1];
      expect(names.map(({ id }) => id)).toEqual(names.map((_, i) => `${seed}-${i + 1}`));
      expect(all.at(-1)).toEqual({
        event: "end",
        id: `${seed}-end`,
        data: { model: "gru", seed: Number(seed), count: names.length },
      });
    }
  });

  test("has the type of an event stream, kept nowhere", async () => {
    const response = await ask("n=1");
    expect(response.headers.get("content-type")).toMatch(/^text\/event-stream/);
    expect(response.headers.get("cache-control")).toMatch(/no-cache|no-store/);
    await response.body!.cancel();
  });

  test("says at the end why names are missing", async () => {
    const all = await events("seed=1&n=40&unique=true&max_length=1");
    const { body } = await app.ask<{ shortfall: string }>("/generate?seed=1&n=40&unique=true&max_length=1");
    expect(body.shortfall).toMatch(/^\d+ of 40 names: 800 were drawn, of which \d+ repeat others$/);
    expect(all.at(-1)!.data).toMatchObject({ count: all.length - 1, shortfall: body.shortfall });
  });

  test("goes on after the last event that a client got, with its seed", async () => {
    const all = await events("n=20");
    const { seed } = all.at(-1)!.data as { seed: number };
    expect(await events("n=20", { "last-event-id": `${seed}-12` })).toEqual(all.slice(12));
    expect(await events(`n=20&seed=${seed}`, { "last-event-id": `${seed}-12` })).toEqual(all.slice(12));
    expect((await events("n=20&seed=5", { "last-event-id": `${seed}-12` })).length).toBe(21); // of another stream
    for (const id of ["nonsense", "99999999999999999-3", "1-x", ""]) {
      expect((await events("n=2", { "last-event-id": id })).length).toBe(3);
    }
    expect((await ask("n=20", { "last-event-id": `${seed}-end` })).status).toBe(204);
  });

  test("answers a wrong parameter with its problem, before any event", async () => {
    const response = await ask("n=0");
    expect([response.status, response.headers.get("content-type")]).toEqual([
      400,
      "application/problem+json",
    ]);
  });

  test("tells of a failure in an event", async () => {
    const failing = await serveModels();
    const served = await failing.registry.get("gru");
    served.cache = new DistributionCache({
      vocabularySize: 27,
      contextLength: 8,
      states: [],
      step: () => Promise.reject(new Error("the model fell over")),
    });
    const all: ServedEvent[] = [];
    const response = await failing.request("/generate", { headers: { accept: "text/event-stream" } });
    for await (const event of serverSentEvents(response.body!)) all.push(event);
    expect(all).toEqual([{ event: "error", data: expect.objectContaining({ status: 500 }) }]);
    expect(JSON.stringify(all)).not.toContain("fell over");
  });

  test("makes no names for HEAD, and is kept by no cache", async () => {
    const { cache } = await app.registry.get("gru");
    const asked = vi.spyOn(cache, "askOn");
    onTestFinished(() => asked.mockRestore());
    const headers = { accept: "text/event-stream" };
    const path = "/generate?n=9&seed=77&min_length=40&temperature=5";
    const head = await app.request(path, { method: "HEAD", headers });
    await new Promise((resolve) => setTimeout(resolve));
    expect(asked).not.toHaveBeenCalled();
    const get = await app.request(path, { headers });
    await get.text();
    expect(asked).toHaveBeenCalled(); // so it would have been
    for (const { status, headers } of [head, get]) {
      expect([status, headers.get("content-type"), headers.get("cache-control")]).toEqual([
        200,
        "text/event-stream",
        "no-store",
      ]);
    }
  });

  test("stops asking the model when the client goes away", async () => {
    const { cache } = await app.registry.get("gru");
    let asked = 0;
    const askModel = cache.askOn.bind(cache);
    cache.askOn = (...asking) => {
      asked++;
      return askModel(...asking);
    };
    // Names of 256 unlikely characters each: most of their contexts are new, and they take many runs.
    const response = await ask("n=125&seed=3&min_length=256&max_length=256&temperature=5");
    const reader = response.body!.getReader();
    await reader.read();
    await reader.cancel();
    await new Promise((resolve) => setTimeout(resolve, 500)); // the run under way may end
    const then = asked;
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(asked).toBe(then);
    expect(asked).toBeGreaterThan(0);
  });

  test("waits for a client that does not read", async () => {
    const { cache } = await app.registry.get("gru");
    const response = await ask("n=1000&seed=4&min_length=64&temperature=5");
    await new Promise((resolve) => setTimeout(resolve, 1000));
    const size = cache.size;
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(cache.size).toBe(size);
    await response.body!.cancel();
  });
});
