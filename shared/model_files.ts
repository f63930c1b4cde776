import { type ModelCard, parseModelCard } from "./model_card.ts";
import { collectList, MAX_LIST_BYTES } from "./training_names.ts";

/** Largest card that is read, in bytes. The largest that training writes has about 60 kB. */
export const MAX_CARD_BYTES = 2 ** 20;
/** Largest ONNX file that is read, in bytes: 64 million weights. */
export const MAX_ONNX_BYTES = 2 ** 28;
/** Hexadecimal digits of a SHA-256 in a file's name: enough to tell versions apart. */
const HASH_DIGITS = 8;
/** How often a model is read again because it was replaced meanwhile. Each attempt needs another replacement to fail. */
const MAX_ATTEMPTS = 5;
/** Bytes that are decompressed at a time. They give at most 4 MB, which takes 10 ms: gzip compresses by at most 1,032. */
const GZIP_PIECE = 4096;

/** The names that a file which a model's card points to may have. */
export interface ModelFileNames {
  /** With the first digits of its SHA-256 on the card: `mlp-c9b7bbf3.onnx`, `us-names-2018-bd02dfd3.txt.gz`. */
  versioned: string;
  /** Accepted where there is no versioned file, for files copied by hand: `mlp.onnx`, `us-names-2018.txt`. */
  plain: string;
}

/**
 * The names of the files that a model's card points to.
 *
 * They contain the files' hashes, so the card decides which files are the model: replacing the card, which is one system call,
 * replaces the whole model. The list is named after itself, so models trained on one list share its file.
 *
 * @param name The model's name: that of the card's file without `.json`.
 * @returns The names of the ONNX file and of the list. The versioned list is gzipped, the plain one is not.
 */
export function modelFileNames(
  name: string,
  { sha256, dataset }: { sha256: string; dataset: Pick<ModelCard["dataset"], "name" | "sha256"> },
): { onnx: ModelFileNames; list: ModelFileNames } {
  const list = listFileName(dataset.name);
  return {
    onnx: { versioned: `${name}-${sha256.slice(0, HASH_DIGITS)}.onnx`, plain: `${name}.onnx` },
    list: { versioned: `${list}-${dataset.sha256.slice(0, HASH_DIGITS)}.txt.gz`, plain: `${list}.txt` },
  };
}

/** A list's name without its extension and without characters that could lead out of a directory. */
function listFileName(name: string): string {
  const safe = name.replace(/\.[^.]*$/, "").replace(/[^\w.-]+/g, "-").replace(/^[.-]+/, "");
  return safe.slice(0, 64) || "list";
}

/** A model's files, as they were at one moment. */
export interface ModelFileContents {
  card: ModelCard;
  /** The text of the card's file. */
  cardText: string;
  onnx: Uint8Array<ArrayBuffer>;
  /** The list that the model was trained on, not compressed. Null where there is no such file. */
  list: Uint8Array<ArrayBuffer> | null;
}

/** Reads a file of at most `maxBytes` bytes; null if there is none. */
export type ReadFile = (file: string, maxBytes: number) => Promise<Uint8Array<ArrayBuffer> | null>;

/**
 * Reads the text of a model's card.
 *
 * @throws {Error} If there is none, or {@link read} fails.
 */
export async function readCardFile(name: string, read: ReadFile): Promise<string> {
  const bytes = await read(`${name}.json`, MAX_CARD_BYTES);
  if (bytes === null) throw new Error(`${name}.json is missing`);
  return new TextDecoder().decode(bytes);
}

/**
 * Reads a model's card and the files that it points to. A model that is replaced meanwhile is read again, so the result is the
 * old model or the new one, never parts of both. Hashes are left to the caller to check.
 *
 * @param name The model's name.
 * @throws {Error} If the card or the ONNX file is missing, {@link read} fails, or the list cannot be decompressed to at most
 * {@link MAX_LIST_BYTES} bytes.
 * @throws {TypeError} If the card is invalid.
 */
export async function readModelFiles(name: string, read: ReadFile): Promise<ModelFileContents> {
  let cardText = await readCardFile(name, read);
  for (let attempt = 1;; attempt++) {
    const card = parseModelCard(cardText);
    const names = modelFileNames(name, card);
    let onnx = await read(names.onnx.versioned, MAX_ONNX_BYTES);
    const compressed = await read(names.list.versioned, MAX_LIST_BYTES);
    let list = compressed && await decompressList(names.list.versioned, compressed);
    if (onnx && list) return { card, cardText, onnx, list };
    onnx ??= await read(names.onnx.plain, MAX_ONNX_BYTES);
    list ??= await read(names.list.plain, MAX_LIST_BYTES);
    const again = await readCardFile(name, read);
    if (again === cardText && onnx) return { card, cardText, onnx, list };
    // The file was removed because the model was replaced, perhaps by one whose card is the same again.
    if (attempt === MAX_ATTEMPTS) {
      throw new Error(
        again === cardText
          ? `${names.onnx.versioned} is missing`
          : `${name} was replaced ${MAX_ATTEMPTS} times while it was read`,
      );
    }
    cardText = again;
  }
}

/**
 * Decompresses a list, a little at a time.
 *
 * @param file Its name, for the error message.
 * @param maxBytes The most bytes of the list.
 * @throws {Error} If it is not gzip, or has more bytes.
 */
export async function decompressList(
  file: string,
  bytes: Uint8Array<ArrayBuffer>,
  maxBytes = MAX_LIST_BYTES,
): Promise<Uint8Array<ArrayBuffer>> {
  let read = 0;
  const pieces = new ReadableStream<Uint8Array<ArrayBuffer>>({
    pull(controller) {
      if (read < bytes.length) controller.enqueue(bytes.subarray(read, read += GZIP_PIECE));
      else controller.close();
    },
  });
  try {
    return await collectList(pieces.pipeThrough(new DecompressionStream("gzip")), maxBytes);
  } catch (error) {
    throw new Error(`${file} cannot be decompressed: ${(error as Error).message}`);
  }
}
