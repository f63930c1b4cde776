import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { getPlatformProxy } from "wrangler";
import type { BucketBinding } from "../functions/runtimes/cloudflare/bucket_store.ts";
import type { ModelFiles } from "../functions/inference/served_model.ts";
import { type ModelPointer, pointerKey, withVersion } from "../shared/published_model.ts";
import { sha256 } from "../shared/sha256.ts";
import { temporaryDirectory } from "./temporary_directory.ts";

/** Wrangler's local R2, for a test. */
export interface LocalBucket extends BucketBinding {
  put(key: string, value: string | Uint8Array): Promise<unknown>;
  delete(key: string): Promise<void>;
}

/**
 * Starts a local R2 for the length of a test.
 *
 * @param persistTo Where wrangler keeps it, which another wrangler may use at the same time. Default: an empty one in memory.
 */
export async function startLocalBucket(persistTo?: string): Promise<LocalBucket> {
  const configPath = join(await temporaryDirectory(), "wrangler.toml");
  await writeFile(
    configPath,
    'name = "test"\ncompatibility_date = "2026-10-01"\n[[r2_buckets]]\nbinding = "MODELS"\nbucket_name = "edgemore-models"\n',
  );
  const { env, dispose } = await getPlatformProxy<{ MODELS: LocalBucket }>({
    configPath,
    persist: persistTo === undefined ? false : { path: join(persistTo, "v3") },
  });
  onTestFinished(dispose);
  return askAgain(env.MODELS);
}

/**
 * A bucket that is asked a second time where the connection to it turns out to be closed: wrangler closes one that was idle for
 * some seconds, which its client may see only when it uses it again.
 */
function askAgain(bucket: LocalBucket): LocalBucket {
  return new Proxy(bucket, {
    get(_, name) {
      const method = Reflect.get(bucket, name);
      if (typeof method !== "function") return method;
      return async (...args: unknown[]) => {
        try {
          return await method(...args);
        } catch (error) {
          const { cause } = error as { cause?: { code?: string } };
          if (cause?.code !== "UND_ERR_SOCKET") throw error;
          return await method(...args);
        }
      };
    },
  });
}

/** Puts a model into a bucket as `deno task publish` does; returns its pointer. */
export async function putModel(
  bucket: LocalBucket,
  { name, card, onnx, list }: ModelFiles,
  before: ModelPointer | null = null,
): Promise<ModelPointer> {
  const { sha256: onnxHash, dataset } = JSON.parse(card);
  const cardHash = await sha256(new TextEncoder().encode(card));
  await bucket.put(`onnx/${onnxHash}.onnx`, onnx!);
  await bucket.put(`cards/${cardHash}.json`, card);
  if (list) await bucket.put(`lists/${dataset.sha256}.txt.gz`, await gzip(list));
  const pointer = withVersion(before, {
    card: cardHash,
    onnx: onnxHash,
    list: list ? dataset.sha256 : null,
    published: new Date().toISOString(),
  });
  await bucket.put(pointerKey(name), JSON.stringify(pointer));
  return pointer;
}

/** Compresses bytes with gzip. */
export async function gzip(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  return await new Response(new Blob([bytes]).stream().pipeThrough(new CompressionStream("gzip"))).bytes();
}
