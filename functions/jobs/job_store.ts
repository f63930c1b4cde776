/** An object of a store. */
export interface StoredObject {
  key: string;
  bytes: number;
}

/** Where lists, results and what is known of jobs are kept: objects by their keys, as in R2. */
export interface JobStore {
  /** Finds an object; null if there is none. */
  find(key: string): Promise<{ etag: string; bytes: number } | null>;
  /** Reads the text of a small object; null if there is none. */
  readText(key: string): Promise<string | null>;
  /** Reads an object; null if there is none. */
  read(key: string): Promise<ReadableStream<Uint8Array> | null>;
  /**
   * Reads bytes of an object, the end not included.
   *
   * @throws {JobError} If it has another ETag, or is gone.
   */
  readRange(key: string, etag: string, start: number, end: number): Promise<ReadableStream<Uint8Array>>;
  /** Writes an object, whole or not at all. */
  write(key: string, content: string | Uint8Array): Promise<void>;
  /** Writes an object of any length in bounded memory, whole or not at all. */
  writeStream(key: string, chunks: AsyncIterable<Uint8Array>): Promise<{ etag: string; bytes: number }>;
  /** Objects whose keys begin with a prefix, in the order of their keys; those after a key if one is given. */
  list(prefix: string, after?: string): AsyncGenerator<StoredObject>;
  delete(keys: readonly string[]): Promise<void>;
}
