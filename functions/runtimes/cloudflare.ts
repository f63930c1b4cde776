import { getConnInfo } from "hono/cloudflare-workers";
import { takeTurn } from "../../shared/event_loop.ts";
import { modelCardSchema } from "../../shared/model_card.ts";
import { modelPointerSchema } from "../../shared/published_model.ts";
import { sample } from "../../shared/sampling.ts";
import { createApp } from "../app.ts";
import { ModelMemory } from "../inference/model_memory.ts";
import { ModelRefresher } from "../inference/model_refresher.ts";
import { provideOnnxRuntime, warmUpOnnxRuntime, WASM_RUNTIME } from "../inference/onnx_runtime.ts";
import { OnnxSnapshot } from "../inference/onnx_snapshot.ts";
import type { OnnxRuntime } from "../inference/onnx_model.ts";
import { type ModelFiles, Registry } from "../inference/registry.ts";
import { openModel, TrainingLists } from "../inference/served_model.ts";
import { type BucketBinding, BucketStore } from "./cloudflare/bucket_store.ts";
import { BucketJobStore, type JobBucketBinding } from "./cloudflare/bucket_job_store.ts";
import { gather } from "./cloudflare/gather.ts";
import { BundledStore } from "./cloudflare/bundled_store.ts";
import {
  CloudflareJobQueue,
  consumeJobMessages,
  type MessageBatch,
  type QueueBinding,
} from "./cloudflare/job_messages.ts";
import { CloudflareRateLimiter, type RateLimitBinding } from "./cloudflare/rate_limiter.ts";
import { type ObjectNamespace, StrictRateLimiter } from "./cloudflare/strict_rate_limiter.ts";
import type { RateLimiter } from "../middleware/rate_limit.ts";
import { Jobs } from "../jobs/jobs.ts";
import { JobWorker } from "../jobs/job_worker.ts";
import { readSettings, type SettingName, type Settings } from "./settings.ts";

export { RateLimitObject } from "./cloudflare/rate_limit_object.ts";

/** How often a Worker looks for new versions of its models in the bucket, in seconds. */
const REFRESH = 60;

/** The memory of all models together, in MB: of the 128 MB of a Worker, what its code and ONNX Runtime leave. */
const MEMORY = 48;

/** Names that the default model makes before the first request. */
const WARM_UP_NAMES = 10;

/** The share of that memory that one file in the bucket may take: its model takes several times as much while it is opened. */
const FILE_SHARE = 1 / 6;

/** The bindings of the Worker: variables of wrangler.toml and the dashboard, secrets, rate limiters, buckets and a queue. */
export type WorkerEnvironment = { readonly [Name in SettingName]?: string } & {
  readonly RATE_LIMITER?: RateLimitBinding;
  readonly STRICT_RATE_LIMITER?: ObjectNamespace;
  readonly MODELS?: BucketBinding;
  readonly JOBS?: JobBucketBinding;
  readonly JOB_QUEUE?: QueueBinding;
};

/** Keeps a request's context until a promise is settled. */
export type WaitUntil = (promise: Promise<unknown>) => void;

/** What a Worker module exports. */
export interface Worker {
  fetch(
    request: Request,
    environment: unknown,
    context: { waitUntil: WaitUntil },
  ): Response | Promise<Response>;
  /** Takes what a queue delivers. */
  queue(batch: MessageBatch): Promise<void>;
}

/**
 * Makes the Worker. It must be called in the global scope, where Cloudflare allows a second of CPU time: creating the
 * sessions may take half of it, and on the free plan a request may take only 10 ms.
 *
 * @param wasm ONNX Runtime Web's WebAssembly, imported as a compiled module, perhaps with the models open in it; see
 * `functions/inference/onnx_snapshot.ts`.
 * @param models The models, imported as data by the entry that `scripts/build_worker.ts` writes.
 * @param waitUntil Keeps the context of the request that is being answered.
 */
export async function createWorker(
  wasm: WebAssembly.Module,
  models: ModelFiles[],
  environment: WorkerEnvironment,
  waitUntil: WaitUntil,
): Promise<Worker> {
  const snapshot = OnnxSnapshot.read(wasm);
  provideOnnxRuntime(wasm, undefined, snapshot ?? undefined);
  const runtime = snapshot?.runtime(WASM_RUNTIME) ?? WASM_RUNTIME;
  const settings = readSettings((name) => environment[name]);
  const { token, origins, serverTiming, log = true, bodyTimeout } = settings;
  const { modelRefresh = REFRESH, modelMemory = MEMORY } = settings;
  const { MODELS: bucket } = environment;
  const limiter = rateLimiter(settings, environment);
  const memory = new ModelMemory(modelMemory * 2 ** 20);
  const registry = await openBundled(models, runtime, memory, waitUntil);
  const refresher = bucket === undefined
    ? null
    : await followBucket(bucket, models, registry, memory, FILE_SHARE * modelMemory * 2 ** 20);
  const background = jobsOf(registry, environment);
  const app = createApp(registry, {
    runtime: "workerd",
    token,
    origins,
    serverTiming,
    bodyTimeout,
    // Not buffered: no timer outlives a request here. Cloudflare's log parses lines of JSON.
    log: log ? (line) => console.log(line) : undefined,
    rateLimit: limiter && {
      limiter,
      addressOf: (context) => getConnInfo(context).remote.address ?? "",
    },
    jobs: background?.jobs,
    gather,
  });
  const isDue = () => modelRefresh !== "off" && refresher !== null && refresher.isDue(1000 * modelRefresh);
  return {
    fetch(request, _environment, context) {
      if (isDue()) context.waitUntil(refresher!.refresh());
      return app.fetch(request);
    },
    async queue(batch) {
      if (background === null) {
        throw new Error("jobs need the bindings JOBS and JOB_QUEUE; see docs/scale.md");
      }
      if (isDue()) await refresher!.refresh(); // the bucket alone may have the job's model
      await consumeJobMessages(batch, background.worker);
    },
  };
}

/** @throws {RangeError} If a strict limit is asked for, and nothing can keep it. */
function rateLimiter(
  { rateLimit }: Settings,
  { RATE_LIMITER, STRICT_RATE_LIMITER }: WorkerEnvironment,
): RateLimiter | undefined {
  if (rateLimit === "off") return undefined;
  if (!rateLimit?.strict) return RATE_LIMITER && new CloudflareRateLimiter(RATE_LIMITER);
  if (STRICT_RATE_LIMITER) return new StrictRateLimiter(STRICT_RATE_LIMITER, rateLimit);
  throw new RangeError(
    "EDGEMORE_RATE_LIMIT=strict needs the Durable Object STRICT_RATE_LIMITER; see docs/deploy.md",
  );
}

/** Jobs, where a bucket and a queue are bound for them. */
function jobsOf(
  registry: Registry,
  { JOBS: bucket, JOB_QUEUE: queue }: WorkerEnvironment,
): { jobs: Jobs; worker: JobWorker } | null {
  if (bucket === undefined || queue === undefined) return null;
  const [store, sender] = [new BucketJobStore(bucket), new CloudflareJobQueue(queue)];
  return { jobs: new Jobs(store, sender), worker: new JobWorker(registry, store, sender) };
}

/** Opens the models of the bundle. */
async function openBundled(
  models: readonly ModelFiles[],
  runtime: OnnxRuntime,
  memory: ModelMemory,
  keepAlive: WaitUntil,
): Promise<Registry> {
  const files = new Map(models.map((model) => [model.name, model]));
  const registry = new Registry(files.keys(), undefined, { keepAlive });
  const lists = new TrainingLists();
  for (const name of registry.names) {
    await registry.add(
      name,
      (onBroken) => openModel(files.get(name)!, runtime, { onBroken, lists, memory }),
    );
  }
  // Only here may ONNX Runtime be initialised: it takes too long for a request.
  if (models.length === 0) await warmUpOnnxRuntime();
  await warmUp(registry);
  return registry;
}

/** Has the default model make some names: WebAssembly is compiled when it first runs, for which a request has little time. */
async function warmUp(registry: Registry): Promise<void> {
  if (!registry.statuses().some(({ status }) => status === "ready")) return;
  const { cache, vocabulary } = await registry.get();
  await sample(cache, vocabulary, { n: WARM_UP_NAMES, seed: 0 });
}

/** Makes the registry follow the models of a bucket, with those of the bundle under them. */
async function followBucket(
  bucket: BucketBinding,
  models: readonly ModelFiles[],
  registry: Registry,
  memory: ModelMemory,
  maxFileBytes: number,
): Promise<ModelRefresher> {
  // Made here, since a request has little CPU time: what the bucket holds is checked by these.
  for (const schema of [modelPointerSchema, modelCardSchema]) schema();
  const store = new BundledStore(models, new BucketStore(bucket, maxFileBytes));
  const lists = new TrainingLists(takeTurn);
  return new ModelRefresher(registry, store, {
    opened: await store.listBundled(),
    lazy: true, // a Worker starts often
    memory,
    open: (files, onBroken) => openModel(files, WASM_RUNTIME, { onBroken, lists, memory, pause: takeTurn }),
  });
}
