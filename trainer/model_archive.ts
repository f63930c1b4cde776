import { type UnzipFileInfo, unzipSync, zipSync } from "fflate";
import { cardText, type ModelCard } from "../shared/model_card.ts";
import { MAX_CARD_BYTES, MAX_ONNX_BYTES, modelFileNames, readModelFiles } from "../shared/model_files.ts";
import { sha256 } from "../shared/sha256.ts";
import { MAX_LIST_BYTES } from "../shared/training_names.ts";

/*
 * A model in one file: a zip of the three files that a directory of models has, so that `unzip` puts them into one too.
 */

/** The directory in the archive. */
const DIRECTORY = "models/";
/** What the entries' names and headers take at most. */
const HEADER_BYTES = 2 ** 16;
/** Largest archive that is read, in bytes. */
export const MAX_ARCHIVE_BYTES: number = MAX_CARD_BYTES + MAX_ONNX_BYTES + MAX_LIST_BYTES + HEADER_BYTES;

/** A model and its files. */
export interface ArchivedModel {
  card: ModelCard;
  onnx: Uint8Array<ArrayBuffer>;
  /** The list that it was trained on, not compressed. */
  list: Uint8Array<ArrayBuffer>;
}

/** The file name of a model's archive. */
export function archiveName(model: string): string {
  return `${model}.edgemore.zip`;
}

/** Writes a model as an archive. */
export async function writeArchive({ card, onnx, list }: ArchivedModel): Promise<Uint8Array<ArrayBuffer>> {
  const names = modelFileNames(card.name, card);
  const gzip = new Blob([list]).stream().pipeThrough(new CompressionStream("gzip"));
  return zipSync({
    [`${DIRECTORY}${card.name}.json`]: new TextEncoder().encode(cardText(card)),
    [DIRECTORY + names.onnx.versioned]: [onnx, { level: 0 }], // weights do not compress
    [DIRECTORY + names.list.versioned]: [await new Response(gzip).bytes(), { level: 0 }],
  });
}

/**
 * Reads an archive. Entries that are not the model's are not decompressed.
 *
 * @param source What an error calls it.
 * @throws {Error} If it is no zip, lacks a part, has one that is too large, or one whose SHA-256 is not that of the card.
 */
export async function readArchive(bytes: Uint8Array<ArrayBuffer>, source: string): Promise<ArchivedModel> {
  try {
    const entries: string[] = [];
    unzip(bytes, ({ name }) => !entries.push(name));
    const cards = entries.filter((name) => name.endsWith(".json"));
    if (cards.length !== 1) throw new Error(`it has ${cards.length} cards (.json), not one`);
    const [, directory, name] = /^(.*\/)?(.*)\.json$/s.exec(cards[0])!;
    const { card, onnx, list } = await readModelFiles(name, (file, maxBytes) => {
      const path = (directory ?? "") + file;
      const { [path]: content } = unzip(bytes, ({ name, originalSize }) => {
        if (name !== path) return false;
        if (originalSize > maxBytes) {
          throw new Error(`${file} has ${originalSize} bytes, the most is ${maxBytes}`);
        }
        return true;
      });
      return Promise.resolve(content ?? null);
    });
    if (card.name !== name) throw new Error(`${name}.json is the card of ${JSON.stringify(card.name)}`);
    if (!list) throw new Error(`${modelFileNames(name, card).list.versioned} is missing`);
    await requireHash("the ONNX file", onnx, card.sha256);
    await requireHash("the list", list, card.dataset.sha256);
    return { card, onnx, list };
  } catch (error) {
    throw new Error(`Cannot read the model ${source}: ${(error as Error).message}`);
  }
}

/** The entries that a filter chooses. */
function unzip(
  bytes: Uint8Array<ArrayBuffer>,
  filter: (file: UnzipFileInfo) => boolean,
): Record<string, Uint8Array<ArrayBuffer>> {
  let failure: Error | undefined;
  try {
    return unzipSync(bytes, {
      filter(file) {
        try {
          return filter(file);
        } catch (error) {
          failure = error as Error;
          throw error;
        }
      },
    }) as Record<string, Uint8Array<ArrayBuffer>>;
  } catch (error) {
    throw failure ?? new Error(`it is not a whole zip file (${(error as Error).message})`);
  }
}

async function requireHash(what: string, bytes: Uint8Array<ArrayBuffer>, expected: string): Promise<void> {
  const digest = await sha256(bytes);
  if (digest === expected) return;
  throw new Error(
    `${what} is not the one that its card describes: its SHA-256 is ${digest}, not ${expected}`,
  );
}
