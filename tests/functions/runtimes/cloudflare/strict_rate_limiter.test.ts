import { beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { createWorker } from "../../../../functions/runtimes/cloudflare.ts";
import {
  type ObjectStorage,
  RateLimitObject,
} from "../../../../functions/runtimes/cloudflare/rate_limit_object.ts";
import { StrictRateLimiter } from "../../../../functions/runtimes/cloudflare/strict_rate_limiter.ts";

/** What a Durable Object has stored. */
class Storage implements ObjectStorage {
  readonly values = new Map<string, unknown>();
  alarm: number | null = null;
  puts = 0;

  get<Value>(key: string): Promise<Value | undefined> {
    return Promise.resolve(this.values.get(key) as Value | undefined);
  }
  put(key: string, value: unknown): Promise<void> {
    this.puts++;
    return Promise.resolve(void this.values.set(key, structuredClone(value)));
  }
  deleteAll(): Promise<void> {
    return Promise.resolve(this.values.clear());
  }
  getAlarm(): Promise<number | null> {
    return Promise.resolve(this.alarm);
  }
  setAlarm(time: number): Promise<void> {
    return Promise.resolve(void (this.alarm = time));
  }
}

/** The objects of a namespace, as Cloudflare has them: one for each name, which may be taken out of memory. */
class Namespace {
  readonly storages = new Map<string, Storage>();
  readonly #objects = new Map<string, RateLimitObject>();
  asked = 0;

  idFromName(name: string): string {
    return name;
  }

  get(name: unknown) {
    const storage = this.storages.get(name as string) ?? new Storage();
    this.storages.set(name as string, storage);
    const object = this.#objects.get(name as string) ?? new RateLimitObject({ storage });
    this.#objects.set(name as string, object);
    const fetch = (url: string, init: RequestInit) => (this.asked++, object.fetch(new Request(url, init)));
    return { fetch, alarm: () => object.alarm() };
  }

  /** Takes all objects out of memory. */
  forget(): void {
    this.#objects.clear();
  }
}

const LIMIT = { requests: 3, seconds: 60 };

describe("a strict limit", () => {
  let namespace: Namespace;

  beforeEach(() => {
    vi.useFakeTimers({ toFake: ["Date"] });
    onTestFinished(() => void vi.useRealTimers());
    namespace = new Namespace();
  });

  /** What an isolate counts for a number of requests. */
  async function count(limiter: StrictRateLimiter, client: string, requests: number): Promise<number[]> {
    const waits = [];
    for (let i = 0; i < requests; i++) waits.push(await limiter.count(client));
    return waits;
  }

  test("is one for all isolates, and another one for each client", async () => {
    const [one, another] = [new StrictRateLimiter(namespace, LIMIT), new StrictRateLimiter(namespace, LIMIT)];
    expect(await count(one, "a", 2)).toEqual([0, 0]);
    expect(await count(another, "a", 2)).toEqual([0, 20]);
    expect(await count(one, "a", 1)).toEqual([20]);
    expect(await count(one, "b", 1)).toEqual([0]);
  });

  test("outlives its objects in memory", async () => {
    expect(await count(new StrictRateLimiter(namespace, LIMIT), "a", 3)).toEqual([0, 0, 0]);
    namespace.forget();
    expect(await count(new StrictRateLimiter(namespace, LIMIT), "a", 1)).toEqual([20]);
  });

  test("is stored ahead, so that a restart never gives more requests", async () => {
    const limit = { requests: 1000, seconds: 60 };
    expect(await count(new StrictRateLimiter(namespace, limit), "a", 15)).toEqual(Array(15).fill(0));
    expect(namespace.storages.get("a")!.puts).toBe(2);
    namespace.forget();
    const waits = await count(new StrictRateLimiter(namespace, limit), "a", 985);
    expect(waits.filter((wait) => wait === 0)).toHaveLength(978); // 22 are stored for 15
  });

  test("is not asked for while a client has to wait", async () => {
    const limiter = new StrictRateLimiter(namespace, LIMIT);
    await count(limiter, "a", 4);
    const { asked } = namespace;
    expect(await count(limiter, "a", 100)).toEqual(Array(100).fill(20));
    expect(namespace.asked).toBe(asked);
    vi.advanceTimersByTime(20_000);
    expect(await count(limiter, "a", 2)).toEqual([0, 20]);
  });

  test("keeps nothing of a client that has not asked for long", async () => {
    const limiter = new StrictRateLimiter(namespace, LIMIT);
    await count(limiter, "a", 1);
    const storage = namespace.storages.get("a")!;
    vi.advanceTimersByTime(10_000);
    await count(limiter, "a", 1);
    vi.setSystemTime(storage.alarm!);
    storage.alarm = null;
    await namespace.get("a").alarm();
    expect(storage.values.size).toBe(1); // the second request is not forgotten yet
    vi.setSystemTime(storage.alarm!);
    await namespace.get("a").alarm();
    expect(storage.values.size).toBe(0);
    expect(await count(limiter, "a", 4)).toEqual([0, 0, 0, 20]);
  });

  test("has a client wait whose object does not answer", async () => {
    const warned = vi.spyOn(console, "error").mockImplementation(() => {});
    onTestFinished(() => warned.mockRestore());
    const failing = {
      idFromName: () => "",
      get: () => ({ fetch: () => Promise.reject(new Error("overloaded")) }),
    };
    expect(await new StrictRateLimiter(failing, LIMIT).count("a")).toBe(1);
  });
});

test("a Worker does not start with a strict limit that nothing can keep", async () => {
  const wasm = await WebAssembly.compile(Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0));
  await expect(createWorker(wasm, [], { EDGEMORE_RATE_LIMIT: "strict" }, () => {})).rejects.toThrow(
    "EDGEMORE_RATE_LIMIT=strict needs the Durable Object STRICT_RATE_LIMITER",
  );
});
