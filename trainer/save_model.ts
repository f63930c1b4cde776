import { mkdir, readdir, readFile, rename, stat } from "node:fs/promises";
import { join } from "node:path";
import { cardText, finishCard, type ModelCard, parseModelCard } from "../shared/model_card.ts";
import { MAX_CARD_BYTES, modelFileNames } from "../shared/model_files.ts";
import { sha256 } from "../shared/sha256.ts";
import { removeIfThere, whileLocked, writeTemporary } from "./atomic_write.ts";
import type { UnsavedCard } from "./train_model.ts";

/** The contents of the files that a model's card points to. */
export interface ModelParts {
  /** The ONNX file. */
  onnx: Uint8Array<ArrayBuffer>;
  /** The list that the model was trained on: its SHA-256 is `dataset.sha256` on the card. */
  list: Uint8Array<ArrayBuffer>;
}

/** Whether a model may replace the one that has its name. Returns the reason why not, or nothing. */
export type MayReplace = (previous: ModelCard) => string | undefined;

/** A model was not written because the one of its name is kept. */
export class ModelKeptError extends Error {
  override name = "ModelKeptError";
}

/**
 * Writes a model in one step: a reader finds the old model or the new one, whole, whenever the process ends.
 *
 * The ONNX file and the list are written to names that contain their hashes (see {@link modelFileNames}), so they replace no other
 * content. When they are on the disk, the new card replaces the old one. Then files that only the old card pointed to are removed:
 * its ONNX file, and its list unless another model was trained on it.
 *
 * @param card All fields but the ONNX file's hash.
 * @param mayReplace Called with the card of the model that has this name. Default: it is replaced.
 * @throws {ModelKeptError} If that model may not be replaced. Nothing is changed.
 */
export async function saveModel(
  directory: string,
  { onnx, list }: ModelParts,
  card: UnsavedCard,
  mayReplace: MayReplace = () => undefined,
): Promise<ModelCard> {
  const whole = await finishCard(card, onnx);
  const compressed = await compress(list);
  await mkdir(directory, { recursive: true });
  await whileLocked(directory, async (sync) => {
    const previous = await readCard(directory, card.name);
    const reason = previous && mayReplace(previous);
    if (reason !== undefined) throw new ModelKeptError(reason);
    await replaceModel(directory, whole, { onnx, list: compressed }, previous, sync);
  });
  return whole;
}

/** Writes the files that a card points to, then the card, then removes the files that only the previous card pointed to. */
async function replaceModel(
  directory: string,
  card: ModelCard,
  contents: { onnx: Uint8Array; list: Uint8Array },
  previous: ModelCard | undefined,
  sync: () => Promise<void>,
): Promise<void> {
  const names = modelFileNames(card.name, card);
  const path = (file: string) => join(directory, file);
  const files = [{ ...names.onnx, content: contents.onnx }, { ...names.list, content: contents.list }];
  const temporary: string[] = [];
  const added: string[] = [];
  try {
    for (const { plain, content } of files) temporary.push(await writeTemporary(path(plain), content));
    for (const [i, { versioned }] of files.entries()) {
      const wasThere = await exists(path(versioned));
      await rename(temporary[i], path(versioned));
      if (!wasThere) added.push(versioned);
    }
    await sync();
    temporary.push(await writeTemporary(path(`${card.name}.json`), cardText(card)));
    await rename(temporary[files.length], path(`${card.name}.json`));
  } catch (error) {
    for (const file of temporary) await removeIfThere(file);
    for (const file of added) await removeIfThere(path(file));
    throw error;
  }
  await sync();
  if (previous) await removeUnused(directory, previous, card);
}

/** Removes the files of a replaced card that no card in the directory points to. A list without its hash in its name stays. */
async function removeUnused(directory: string, previous: ModelCard, card: ModelCard): Promise<void> {
  const { onnx, list } = modelFileNames(previous.name, previous);
  if (previous.sha256 !== card.sha256) {
    const versioned = join(directory, onnx.versioned);
    const plain = join(directory, onnx.plain);
    if (await exists(versioned)) await removeIfThere(versioned);
    else if (await hasHash(plain, previous.sha256)) await removeIfThere(plain);
  }
  if (!await mayUseList(directory, list.versioned)) await removeIfThere(join(directory, list.versioned));
}

/** Whether a card in a directory points to a list. One that cannot be read may do so. */
async function mayUseList(directory: string, list: string): Promise<boolean> {
  for (const file of await readdir(directory)) {
    if (file.startsWith(".") || !file.endsWith(".json")) continue;
    const card = await readCard(directory, file.slice(0, -".json".length));
    if (!card || modelFileNames(card.name, card).list.versioned === list) return true;
  }
  return false;
}

async function exists(path: string): Promise<boolean> {
  return await stat(path).then(() => true, () => false);
}

async function hasHash(path: string, hash: string): Promise<boolean> {
  const bytes = await readFile(path).catch(() => null);
  return bytes !== null && await sha256(new Uint8Array(bytes)) === hash;
}

async function compress(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  return await new Response(new Blob([bytes]).stream().pipeThrough(new CompressionStream("gzip"))).bytes();
}

/** The card of a model, or undefined where there is none that can be read. */
export async function readCard(directory: string, name: string): Promise<ModelCard | undefined> {
  const path = join(directory, `${name}.json`);
  try {
    const stats = await stat(path);
    if (!stats.isFile() || stats.size > MAX_CARD_BYTES) return undefined;
    return parseModelCard(await readFile(path, "utf8"));
  } catch {
    return undefined;
  }
}
