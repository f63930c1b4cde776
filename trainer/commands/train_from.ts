import { open } from "node:fs/promises";
import { join } from "node:path";
import type { ModelCard } from "../../shared/model_card.ts";
import { modelFileNames } from "../../shared/model_files.ts";
import { MAX_ARCHIVE_BYTES, readArchive } from "../model_archive.ts";
import { readFailure } from "../read_failure.ts";
import { ModelKeptError, saveModel } from "../save_model.ts";
import { unlessBetter } from "../train.ts";

/**
 * Writes a model that was trained in a browser, and downloaded from the page, into a directory of models.
 *
 * @param source The path of the downloaded archive.
 * @returns Its card, and the path of its ONNX file.
 * @throws {Error} If it cannot be read, or a better model of its name is there and `overwrite` is not given. Then nothing is
 * written.
 */
export async function trainFrom(
  source: string,
  { out, overwrite = false }: { out: string; overwrite?: boolean },
): Promise<{ card: ModelCard; file: string }> {
  const { card, ...parts } = await readArchive(await readBounded(source), source);
  try {
    const { sha256: _sha256, ...unsaved } = card;
    await saveModel(out, parts, unsaved, overwrite ? undefined : unlessBetter(card));
  } catch (error) {
    if (!(error instanceof ModelKeptError)) throw error;
    throw new Error(
      `Cannot replace ${join(out, card.name)}.json: ${error.message}. --overwrite replaces it`,
    );
  }
  return { card, file: join(out, modelFileNames(card.name, card).onnx.versioned) };
}

async function readBounded(source: string): Promise<Uint8Array<ArrayBuffer>> {
  try {
    const file = await open(source);
    try {
      const stats = await file.stat();
      if (stats.isDirectory()) throw new Error("it is a directory");
      if (stats.size > MAX_ARCHIVE_BYTES) {
        throw new Error(`it has ${stats.size} bytes, the most is ${MAX_ARCHIVE_BYTES}`);
      }
      return new Uint8Array(await file.readFile());
    } finally {
      await file.close();
    }
  } catch (error) {
    throw new Error(`Cannot read the model ${source}: ${readFailure(source, error as Error)}`);
  }
}
