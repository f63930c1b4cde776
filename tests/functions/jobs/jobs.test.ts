import { describe, expect, test } from "vitest";
import type { Chunk, Job, JobMessage } from "../../../functions/jobs/job.ts";
import { jobKeys } from "../../../functions/jobs/job.ts";
import { JobWorker } from "../../../functions/jobs/job_worker.ts";
import { Jobs, KEPT_DAYS } from "../../../functions/jobs/jobs.ts";
import {
  BucketJobStore,
  type JobBucketBinding,
} from "../../../functions/runtimes/cloudflare/bucket_job_store.ts";
import {
  consumeJobMessages,
  MAX_ATTEMPTS,
  type MessageBatch,
} from "../../../functions/runtimes/cloudflare/job_messages.ts";
import { DEFAULT_LIST, readList } from "../../../trainer/list_file.ts";
import { DocumentedApi, type OpenApiDocument } from "../openapi_document.ts";
import { startLocalBucket } from "../../local_bucket.ts";
import { serveModels } from "../serve_models.ts";

/*
 * Jobs with wrangler's local R2, and a queue that delivers as a test wants it: in any order, and more than once.
 */

const { lines: names } = await readList(DEFAULT_LIST);
/** Enough for several chunks, with lines that cannot be scored among them. */
const LIST = `\ufeff${names.slice(0, 9000).join("\n")}\n\nr2\n\ufeffada\n${"x".repeat(10_000)}\nbob`;
const LINES = 9005;

async function start() {
  let now = Date.UTC(2026, 10, 26);
  const local = await startLocalBucket() as unknown as JobBucketBinding;
  let asked = 0;
  const bucket: JobBucketBinding = {
    head: (key) => (asked++, local.head(key)),
    get: (key, options) => (asked++, local.get(key, options)),
    put: (key, content) => (asked++, local.put(key, content)),
    list: (options) => (asked++, local.list(options)),
    delete: (keys) => (asked++, local.delete(keys)),
    createMultipartUpload: (key) => (asked++, local.createMultipartUpload(key)),
  };
  const store = new BucketJobStore(bucket);
  const messages: JobMessage[] = [];
  const queue = {
    send: (sent: readonly JobMessage[]) => {
      messages.push(...sent);
      return Promise.resolve();
    },
  };
  const jobs = new Jobs(store, queue, () => now);
  const { registry, app, request } = await serveModels(undefined, { jobs });
  const worker = new JobWorker(registry, store, queue, () => now);
  /** Delivers messages until there are none. */
  const deliver = async (take: () => JobMessage = () => messages.shift()!) => {
    while (messages.length > 0) await worker.run(take());
  };
  const post = async (path: string, body: string, type = "text/plain") => {
    const response = await request(path, { method: "POST", headers: { "content-type": type }, body });
    return { status: response.status, body: await response.json() };
  };
  const ask = async (path: string, method = "GET") => {
    const response = await request(path, { method });
    return { status: response.status, body: await response.json() };
  };
  const resultOf = async (id: string) => await (await request(`/jobs/${id}/result`)).text();
  const keys = async (prefix: string) => (await Array.fromAsync(store.list(prefix))).map(({ key }) => key);
  const wait = (milliseconds: number) => now += milliseconds;
  /** How often the bucket was asked, since this was called before. */
  const requestsToBucket = () => {
    const count = asked;
    asked = 0;
    return count;
  };
  return {
    app,
    requestsToBucket,
    store,
    messages,
    jobs,
    worker,
    registry,
    request,
    deliver,
    post,
    ask,
    resultOf,
    keys,
    wait,
  };
}

describe("a job", { timeout: 60_000 }, () => {
  test("has the lines of POST /score, byte for byte, however its messages are delivered", async () => {
    const { request, deliver, messages, post, ask, resultOf } = await start();
    const { status, body: job } = await post("/jobs?model=mlp", LIST);
    expect(status).toBe(202);
    expect(job).toMatchObject({ state: "cutting", chunks: { total: null, done: 0 }, result: null });
    expect((await ask(`/jobs/${job.id}/result`)).status).toBe(409);
    let seed = 1;
    await deliver(() => {
      seed = (seed * 16807) % 2147483647;
      const at = seed % messages.length;
      return seed % 3 === 0 ? messages[at] : messages.splice(at, 1)[0]; // every third stays, and is delivered again
    });
    const { body: done } = await ask(`/jobs/${job.id}`);
    expect(done).toMatchObject({
      state: "done",
      lines: { total: LINES, done: LINES, failed: 0 },
      failures: [],
      result: `/jobs/${job.id}/result`,
    });
    expect(done.chunks.done).toBeGreaterThan(1);
    expect(done.chunks.done).toBe(done.chunks.total);
    const scored = await request("/score?model=mlp", {
      method: "POST",
      headers: { "content-type": "text/plain" },
      body: LIST,
    });
    expect(await resultOf(job.id)).toBe(await scored.text());
  });

  test("writes CSV, and reads a list of the bucket", async () => {
    const { store, deliver, post, resultOf } = await start();
    await store.write("lists/names.txt", "ada\nr2\n");
    const { status, body: job } = await post(
      "/jobs?model=bigram&format=csv",
      '{ "key": "lists/names.txt" }',
      "application/json",
    );
    expect(status).toBe(202);
    await deliver();
    const [head, ada, bad, end] = (await resultOf(job.id)).split("\r\n");
    expect(head).toBe("line,name,possible,log_likelihood,nll,perplexity,percentile,error");
    expect(ada).toMatch(/^1,ada,true,-\d+\.\d+,/);
    expect(bad).toMatch(/^2,r2,,,,,,"The text has the character/);
    expect(end).toBe("");
  });

  test("is described in /openapi.json, where there are jobs", async () => {
    const { ask, post } = await start();
    const api = new DocumentedApi((await ask("/openapi.json")).body as OpenApiDocument);
    const paths = Object.entries(api.document.paths).filter(([path]) => path.startsWith("/jobs"));
    expect(paths.map(([path]) => path)).toEqual([
      "/jobs",
      "/jobs/{id}",
      "/jobs/{id}/result",
      "/jobs/{id}/resume",
    ]);
    for (const [path, item] of paths) {
      for (const { responses } of Object.values(item)) {
        for (
          const content of Object.values(responses).flatMap(({ content }) => Object.values(content ?? {}))
        ) {
          const values = content.examples
            ? Object.values(content.examples).map(({ value }) => value)
            : [content.example];
          for (const value of values) expect(api.faults(content.schema, value), path).toBeUndefined();
        }
      }
    }
    const { body: job } = await post("/jobs?model=bigram", "ada\n");
    const { schema } = api.response("/jobs", "POST", 202)!.content!["application/json"];
    expect(api.faults(schema, job)).toBeUndefined();
    expect(api.faults(schema, { ...job, chunks: 5 })).toBeDefined();
  });

  test("of an empty list is done", async () => {
    const { deliver, post, ask, resultOf } = await start();
    const { body: job } = await post("/jobs?model=bigram", "");
    await deliver();
    expect((await ask(`/jobs/${job.id}`)).body).toMatchObject({ state: "done", lines: { total: 0 } });
    expect(await resultOf(job.id)).toBe("");
  });

  test("puts a chunk aside that fails each time, with its reason, and scores it when it is resumed", async () => {
    const { worker, messages, deliver, post, ask, resultOf } = await start();
    const { body: job } = await post("/jobs?model=mlp", LIST);
    await worker.run(messages.shift()!);
    const failing = messages.shift() as { job: string; chunk: Chunk };
    const { firstLine, lines } = failing.chunk;
    // A chunk that has not as many lines as it should: it fails as long as the message is the same.
    const wrong = { ...failing, chunk: { ...failing.chunk, end: failing.chunk.end - 100 } };
    const told: string[] = [];
    for (let attempts = 1; attempts <= MAX_ATTEMPTS; attempts++) {
      const batch: MessageBatch = {
        queue: "edgemore-jobs",
        messages: [{ body: wrong, attempts, ack: () => told.push("ack"), retry: () => told.push("retry") }],
      };
      await consumeJobMessages(batch, worker);
    }
    expect(told).toEqual(["retry", "retry", "retry", "ack"]);
    await deliver();
    const { body: done } = await ask(`/jobs/${job.id}`);
    expect(done).toMatchObject({
      state: "done",
      chunks: { failed: 1, done: done.chunks.total - 1 },
      lines: { failed: lines, done: LINES - lines },
    });
    expect(done.failures).toEqual([
      {
        first_line: firstLine,
        lines,
        reason: expect.stringMatching(/^\d+ lines were scored, the chunk has \d+$/),
      },
    ]);
    const rows = (await resultOf(job.id)).trim().split("\n").map((row) => JSON.parse(row));
    expect(rows).toHaveLength(LINES - lines + 1);
    expect(rows[firstLine - 1]).toMatchObject({
      line: firstLine,
      lines,
      error: { detail: expect.stringContaining(`lines ${firstLine} to ${firstLine + lines - 1}`) },
    });
    expect((await ask(`/jobs/${job.id}/resume`, "POST")).status).toBe(202);
    expect(messages).toEqual([failing]);
    await deliver();
    await worker.putAside(failing, "a message of an earlier attempt that comes late");
    expect((await ask(`/jobs/${job.id}`)).body).toMatchObject({
      state: "done",
      lines: { failed: 0, done: LINES },
      failures: [],
    });
    expect((await resultOf(job.id)).trim().split("\n")).toHaveLength(LINES);
  });

  test("of many chunks has a result in pages, each of which asks R2 less than 1,000 times", async () => {
    const { requestsToBucket, store, post, ask, request } = await start();
    const { body: job } = await post("/jobs?model=bigram", "ada\n");
    const lines = 2 ** 15;
    const chunks = Array.from(
      { length: 1001 },
      (_, index): Chunk => ({ index, start: 0, end: 0, firstLine: index * lines + 1, lines }),
    );
    const last = chunks.at(-1)!;
    await store.write(jobKeys.cut(job.id, 0), JSON.stringify({ chunks: [last], next: null }));
    await Promise.all(chunks.map((chunk) => store.write(jobKeys.result(job.id, chunk), `${chunk.index}\n`)));
    expect((await ask(`/jobs/${job.id}`)).body).toMatchObject({
      state: "done",
      lines: { done: chunks.length * lines, failed: 0 },
    });
    let [path, text, pages]: [string | undefined, string, number] = [`/jobs/${job.id}/result`, "", 0];
    while (path !== undefined) {
      requestsToBucket();
      const response: Response = await request(path);
      text += await response.text();
      expect(requestsToBucket()).toBeLessThan(1000);
      path = /^<(.+)>; rel="next"$/.exec(response.headers.get("link") ?? "")?.[1];
      pages++;
    }
    expect(pages).toBe(2);
    expect(text).toBe(chunks.map(({ index }) => `${index}\n`).join(""));
  }, 180_000); // 2,000 requests to the bucket

  test("puts what the platform ended each time aside, from the queue of dead letters", async () => {
    const { worker, messages, post, ask } = await start();
    const { body: job } = await post("/jobs?model=bigram", "ada\n");
    let acknowledged = 0;
    await consumeJobMessages({
      queue: "edgemore-jobs-failed",
      messages: [{ body: messages[0], attempts: 1, ack: () => void acknowledged++, retry: () => {} }],
    }, worker);
    expect(acknowledged).toBe(1);
    expect((await ask(`/jobs/${job.id}`)).body).toMatchObject({
      state: "failed",
      failures: [{ reason: "each attempt was ended by a limit of the platform" }],
    });
  });

  test("is resumed after all its messages were lost", async () => {
    const { worker, messages, deliver, post, ask } = await start();
    const { body: job } = await post("/jobs?model=mlp", LIST);
    const resume = () => ask(`/jobs/${job.id}/resume`, "POST");
    messages.length = 0; // before it was cut
    await resume();
    expect(messages).toHaveLength(1);
    await worker.run(messages.shift()!);
    await worker.run(messages.shift()!);
    const { length } = messages;
    messages.length = 0; // after a chunk was scored
    await resume();
    expect(messages).toHaveLength(length);
    await deliver();
    expect((await ask(`/jobs/${job.id}`)).body).toMatchObject({ state: "done", lines: { done: LINES } });
  });

  test("that is cancelled leaves nothing, and what was under way adds nothing", async () => {
    const { worker, messages, deliver, post, ask, keys } = await start();
    const { body: job } = await post("/jobs?model=mlp", LIST);
    await worker.run(messages.shift()!);
    const underWay = worker.run(messages.shift()!);
    const cancelled = await ask(`/jobs/${job.id}`, "DELETE");
    expect(cancelled.body).toMatchObject({ state: "cancelled", chunks: { done: 0 } });
    await underWay;
    await deliver();
    expect(await keys(jobKeys.all(job.id))).toEqual([jobKeys.record(job.id)]);
    expect((await ask(`/jobs/${job.id}/result`)).status).toBe(410);
    expect((await ask(`/jobs/${job.id}/resume`, "POST")).status).toBe(410);
    expect((await ask(`/jobs/${job.id}`)).body.state).toBe("cancelled");
  });

  test("expires", async () => {
    const { wait, messages, deliver, post, ask, keys } = await start();
    const { body: job } = await post("/jobs?model=bigram", "ada\n");
    wait(KEPT_DAYS * 86_400_000);
    await deliver();
    expect(messages).toEqual([]);
    expect(await keys(jobKeys.results(job.id))).toEqual([]);
    expect((await ask(`/jobs/${job.id}`)).body.state).toBe("expired");
    expect((await ask(`/jobs/${job.id}/result`)).status).toBe(410);
  });

  test("does not go on with another list or another model", async () => {
    const { store, worker, messages, post } = await start();
    const body = '{ "key": "lists/names.txt" }';
    await store.write("lists/names.txt", "ada\n");
    const { body: job } = await post("/jobs?model=bigram", body, "application/json");
    await store.write("lists/names.txt", "bob\n");
    await expect(worker.run(messages[0])).rejects.toThrow("lists/names.txt was replaced");
    await store.write("lists/names.txt", "ada\n");
    await worker.run(messages.shift()!);
    const key = jobKeys.record(job.id);
    const record = JSON.parse((await store.readText(key))!) as Job;
    await store.write(
      key,
      JSON.stringify({ ...record, model: { ...record.model, version: "0".repeat(16) } }),
    );
    await expect(worker.run(messages[0])).rejects.toThrow("model bigram was replaced");
    await store.write(
      key,
      JSON.stringify({ ...record, model: { ...record.model, sha256: "0".repeat(64) } }),
    );
    await expect(worker.run(messages[0])).rejects.toThrow("must be pinned to the file that is served");
  });

  test("is refused while four lists are being received, and not after", async () => {
    const { request, post, messages } = await start();
    const send = (body: ReadableStream) =>
      request("/jobs?model=bigram", { method: "POST", headers: { "content-type": "text/plain" }, body });
    const ends: (() => void)[] = [];
    const sent = Array.from({ length: 4 }, () =>
      send(
        new ReadableStream({
          start(controller) {
            controller.enqueue(new TextEncoder().encode("ada\n"));
            ends.push(() => controller.close());
          },
        }),
      ));
    const { status, body } = await post("/jobs?model=bigram", "ada");
    expect([status, body.title]).toEqual([503, "Server busy"]);
    for (const end of ends) end();
    expect((await Promise.all(sent)).map(({ status }) => status)).toEqual([202, 202, 202, 202]);
    expect(messages).toHaveLength(4);
    for (let i = 0; i < 5; i++) {
      const broken = new ReadableStream({ start: (controller) => controller.error(new Error("broken")) });
      expect((await send(broken)).status).toBe(400);
    }
    expect((await post("/jobs?model=bigram", "ada")).status).toBe(202);
  });

  test("is refused where its list or its options are wrong", async () => {
    const { store, post, ask, messages } = await start();
    await store.write("secrets.txt", "ada\n");
    const requests = [
      ["/jobs?model=gpt", "ada", "text/plain", 404],
      ["/jobs?format=xml", "ada", "text/plain", 400],
      ["/jobs", "ada", "image/png", 415],
      ["/jobs", "[", "application/json", 400],
      ["/jobs", "[]", "application/json", 400],
      ["/jobs", '{ "key": "lists/missing.txt" }', "application/json", 400],
      ["/jobs", '{ "key": "secrets.txt" }', "application/json", 400],
      ["/jobs", JSON.stringify({ key: `lists/${"x".repeat(5000)}` }), "application/json", 413],
      ["/jobs/0d9cf5b5-7a2e-4a9d-9d5e-3a0a6d1c2f11/resume", "", "text/plain", 404],
      ["/jobs/..%2flists/resume", "", "text/plain", 404],
    ] as const;
    for (const [path, body, type, status] of requests) {
      const answer = await post(path, body, type);
      expect([answer.status, answer.body.status], `${path} ${body}`).toEqual([status, status]);
    }
    for (const id of ["..", "x", "x".repeat(5000)]) expect((await ask(`/jobs/${id}`)).status).toBe(404);
    expect(messages).toEqual([]);
  });
});
