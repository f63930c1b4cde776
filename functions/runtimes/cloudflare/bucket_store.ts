import { parseModelCard } from "../../../shared/model_card.ts";
import { decompressList, MAX_CARD_BYTES } from "../../../shared/model_files.ts";
import {
  currentVersion,
  fileKeys,
  MAX_POINTER_BYTES,
  parseModelPointer,
  pointedName,
  POINTERS,
  type PublishedVersion,
} from "../../../shared/published_model.ts";
import { sha256 } from "../../../shared/sha256.ts";
import {
  type ModelStore,
  type StoredModel,
  StoreUnavailableError,
  versionOf,
} from "../../inference/model_store.ts";
import type { ModelFiles } from "../../inference/served_model.ts";

/** Cloudflare's R2 binding, declared in wrangler.toml. */
export interface BucketBinding {
  list(
    options: { prefix: string; limit: number },
  ): Promise<{ objects: { key: string; etag: string; size: number }[] }>;
  get(key: string): Promise<BucketObject | null>;
}

/** An object of a bucket, whose content has not been read. */
export interface BucketObject {
  readonly size: number;
  readonly body: ReadableStream;
  arrayBuffer(): Promise<ArrayBuffer>;
}

/** The most models of a bucket: what R2 lists at a time. */
const MAX_MODELS = 1000;

/** What a pointer says, or why it cannot be read. */
type Pointed = { etag: string; version: PublishedVersion } | { etag: string; reason: string };

/**
 * The models of an R2 bucket, as `deno task publish` puts them there. Looking for changes takes one list operation, and one read
 * for each model that has changed.
 */
export class BucketStore implements ModelStore {
  readonly #bucket: BucketBinding;
  readonly #maxBytes: number;
  /** By the models' names. */
  #pointers = new Map<string, Pointed>();

  /** @param maxBytes The most bytes of an ONNX file or of a list, compressed or not. */
  constructor(bucket: BucketBinding, maxBytes: number) {
    this.#bucket = bucket;
    this.#maxBytes = maxBytes;
  }

  async list(): Promise<StoredModel[]> {
    const { objects } = await available(this.#bucket.list({ prefix: POINTERS, limit: MAX_MODELS }));
    const pointers = new Map<string, Pointed>();
    for (const { key, etag } of objects) {
      const name = pointedName(key);
      if (name === null) continue;
      const known = this.#pointers.get(name);
      pointers.set(name, known?.etag === etag ? known : await this.#readPointer(key, etag));
    }
    this.#pointers = pointers;
    return Array.from(pointers, ([name, pointed]) => {
      if ("reason" in pointed) return { name, version: null, state: pointed.etag };
      const version = versionOf(pointed.version.card);
      return { name, version, state: version };
    });
  }

  async readCard(model: StoredModel): Promise<string> {
    const version = this.#find(model);
    const bytes = await this.#read(fileKeys(version).card, MAX_CARD_BYTES);
    const digest = await sha256(bytes);
    if (digest !== version.card) {
      throw new Error(`the card of ${model.name} is another file: its SHA-256 is ${digest}`);
    }
    return new TextDecoder().decode(bytes);
  }

  async read(model: StoredModel): Promise<ModelFiles> {
    const { name } = model;
    const version = this.#find(model);
    const keys = fileKeys(version);
    const card = await this.readCard(model);
    const { sha256, dataset } = parseModelCard(card);
    if (version.onnx !== sha256 || (version.list !== null && version.list !== dataset.sha256)) {
      throw new Error(`the pointer of ${name} leads to other files than its card`);
    }
    const onnx = await this.#read(keys.onnx, this.#maxBytes);
    const list = keys.list === null
      ? null
      : await decompressList(keys.list, await this.#read(keys.list, this.#maxBytes), this.#maxBytes);
    return { name, card, onnx, list };
  }

  async #readPointer(key: string, etag: string): Promise<Pointed> {
    try {
      const text = new TextDecoder().decode(await this.#read(key, MAX_POINTER_BYTES));
      return { etag, version: currentVersion(parseModelPointer(text)) };
    } catch (error) {
      if (error instanceof StoreUnavailableError) throw error;
      return { etag, reason: (error as Error).message };
    }
  }

  /** The version of a model that the last listing found. */
  #find({ name, version }: StoredModel): PublishedVersion {
    const pointed = this.#pointers.get(name);
    if (pointed === undefined) throw new Error(`${name} was removed`);
    if ("reason" in pointed) throw new Error(pointed.reason);
    if (versionOf(pointed.version.card) !== version) {
      throw new StoreUnavailableError(`${name} was replaced meanwhile`);
    }
    return pointed.version;
  }

  /** Reads an object. */
  async #read(key: string, maxBytes: number): Promise<Uint8Array<ArrayBuffer>> {
    const object = await available(this.#bucket.get(key));
    if (object === null) throw new Error(`${key} is missing in the bucket`);
    if (object.size > maxBytes) {
      await object.body.cancel();
      throw new Error(`${key} has ${object.size} bytes, the most is ${maxBytes}`);
    }
    return new Uint8Array(await available(object.arrayBuffer()));
  }
}

/** @throws {StoreUnavailableError} If an operation of the bucket fails. */
async function available<Value>(operation: Promise<Value>): Promise<Value> {
  try {
    return await operation;
  } catch (error) {
    throw new StoreUnavailableError(`the bucket cannot be read: ${(error as Error).message}`);
  }
}
