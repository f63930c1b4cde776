import { type ModelCard, parseModelCard } from "./model_card.ts";

/** Largest card that is read, in bytes. The largest that training writes has about 60 kB. */
export const MAX_CARD_BYTES = 2 ** 20;
/** Largest `.onnx` or `.known` that is read, in bytes: 64 million weights, and more than a list of names can take. */
export const MAX_MODEL_FILE_BYTES = 2 ** 28;
/** Hexadecimal digits of a SHA-256 in a file's name: enough to tell the versions of one model apart. */
const HASH_DIGITS = 8;
/** How often a model is read again because it was replaced meanwhile. Each attempt needs another replacement to fail. */
const MAX_ATTEMPTS = 5;

/** A file that a model's card points to. */
export interface ModelFileNames {
  /** Its name, with the first digits of the SHA-256 that the card has of it: `tuned-c2d60bc2.onnx`. */
  versioned: string;
  /** The name that is accepted where there is no versioned file: `tuned.onnx`. */
  plain: string;
}

/**
 * The names of the files that a card points to by their hashes.
 *
 * Because a name changes with what is in the file, the card decides which files are the model: replacing the card, which is
 * one system call, replaces the whole model.
 *
 * @param name The model's name: that of the card's file without `.json`.
 * @returns The names of the ONNX file and of the list of training names; null for the list where the card has none.
 */
export function modelFileNames(
  name: string,
  { sha256, known_names }: Pick<ModelCard, "sha256" | "known_names">,
): { onnx: ModelFileNames; known: ModelFileNames | null } {
  const names = (hash: string, extension: string) => ({
    versioned: `${name}-${hash.slice(0, HASH_DIGITS)}.${extension}`,
    plain: `${name}.${extension}`,
  });
  return { onnx: names(sha256, "onnx"), known: known_names ? names(known_names.sha256, "known") : null };
}

/** A model's files, as they were at one moment. */
export interface ModelFileContents {
  card: ModelCard;
  /** The text of the card's file. */
  cardText: string;
  onnx: Uint8Array<ArrayBuffer>;
  /** Null where the card has no list, or where there is no such file. */
  known: Uint8Array<ArrayBuffer> | null;
}

/**
 * Reads a model's card and the files that it points to. A model that is replaced meanwhile is read again, so the result is the
 * old model or the new one, never parts of both. Hashes are left to the caller to check.
 *
 * @param name The model's name.
 * @param read Reads a file of at most `maxBytes` bytes; null if there is none.
 * @throws {Error} If the card or the ONNX file is missing, or {@link read} fails.
 * @throws {TypeError} If the card is not one.
 */
export async function readModelFiles(
  name: string,
  read: (file: string, maxBytes: number) => Promise<Uint8Array<ArrayBuffer> | null>,
): Promise<ModelFileContents> {
  const readCard = async () => {
    const bytes = await read(`${name}.json`, MAX_CARD_BYTES);
    if (bytes === null) throw new Error(`${name}.json is missing`);
    return new TextDecoder().decode(bytes);
  };
  let cardText = await readCard();
  for (let attempt = 1;; attempt++) {
    const card = parseModelCard(cardText);
    const names = modelFileNames(name, card);
    const onnx = await read(names.onnx.versioned, MAX_MODEL_FILE_BYTES);
    const known = names.known && await read(names.known.versioned, MAX_MODEL_FILE_BYTES);
    if (onnx && (known || !names.known)) return { card, cardText, onnx, known };
    const plain = {
      onnx: onnx ?? await read(names.onnx.plain, MAX_MODEL_FILE_BYTES),
      known: known ?? (names.known && await read(names.known.plain, MAX_MODEL_FILE_BYTES)),
    };
    // A file that is missing may have been removed because the model was replaced: then the card is another one.
    const again = await readCard();
    if (again === cardText) {
      if (!plain.onnx) throw new Error(`${names.onnx.versioned} is missing`);
      return { card, cardText, ...plain, onnx: plain.onnx };
    }
    if (attempt === MAX_ATTEMPTS) {
      throw new Error(`${name} was replaced ${MAX_ATTEMPTS} times while it was read`);
    }
    cardText = again;
  }
}
