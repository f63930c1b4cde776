import { mkdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { type ModelCard, modelCardSchema, parseModelCard } from "../shared/model_card.ts";
import { MAX_CARD_BYTES, modelFileNames } from "../shared/model_files.ts";
import { describeKnownNames, type KnownNamesFile } from "./known_names.ts";
import { sha256 } from "../shared/sha256.ts";
import { removeIfThere, whileLocked, writeTemporary } from "./atomic_write.ts";

/** The files that a model's card points to by their hashes. */
export interface ModelParts {
  /** The ONNX file. */
  onnx: Uint8Array<ArrayBuffer>;
  /** The list of training names, or null for a model that comes without. */
  known: KnownNamesFile | null;
}

/** A card but for what the files of its model say. */
export type UnsavedCard = Omit<ModelCard, "sha256" | "known_names">;

/** Whether a model may take the place of the one that has its name; returns why not, or nothing. */
export type MayReplace = (previous: ModelCard) => string | undefined;

/** A model was not written, because the one of its name is to be kept. */
export class ModelKeptError extends Error {
  override name = "ModelKeptError";
}

/**
 * Writes a model in one step: whoever reads it, whatever happens meanwhile, finds the old model or the new one, whole.
 *
 * The ONNX file and the list of names go to names that hold their hashes (see {@link modelFileNames}), so they replace nothing.
 * When they are on the disk, the card that points to them replaces the old card. Then the old card's files are removed.
 *
 * @param card Everything but what the files themselves say.
 * @param mayReplace Asked about a model of this name that is there. Default: it may be replaced.
 * @throws {ModelKeptError} If that model may not be replaced; nothing is changed then.
 */
export async function saveModel(
  directory: string,
  { onnx, known }: ModelParts,
  card: UnsavedCard,
  mayReplace: MayReplace = () => undefined,
): Promise<ModelCard> {
  const whole = modelCardSchema.parse({
    ...card,
    sha256: await sha256(onnx),
    ...(known && { known_names: await describeKnownNames(known) }),
  });
  await mkdir(directory, { recursive: true });
  await whileLocked(directory, async (sync) => {
    const previous = await readCard(directory, card.name);
    const reason = previous && mayReplace(previous);
    if (reason !== undefined) throw new ModelKeptError(reason);
    await replaceModel(directory, whole, { onnx, known: known?.bytes }, previous, sync);
  });
  return whole;
}

/**
 * Gives a model that is there its list of training names, in one step as {@link saveModel} does.
 *
 * @param card The model's card, as it was read.
 * @returns The new card.
 * @throws {Error} If the model was replaced since its card was read.
 */
export async function saveKnownNames(
  directory: string,
  card: ModelCard,
  known: KnownNamesFile,
): Promise<ModelCard> {
  const whole = modelCardSchema.parse({ ...card, known_names: await describeKnownNames(known) });
  await whileLocked(directory, async (sync) => {
    const previous = await readCard(directory, card.name);
    if (previous?.sha256 !== card.sha256) {
      throw new Error(
        `Cannot add the training names of ${card.name}: the model was replaced meanwhile; try again`,
      );
    }
    await replaceModel(directory, whole, { known: known.bytes }, previous, sync);
  });
  return whole;
}

/** Writes the files that a card points to, then the card, then removes the files that only the previous card points to. */
async function replaceModel(
  directory: string,
  card: ModelCard,
  contents: { onnx?: Uint8Array; known?: Uint8Array },
  previous: ModelCard | undefined,
  sync: () => Promise<void>,
): Promise<void> {
  const names = modelFileNames(card.name, card);
  const path = (file: string) => join(directory, file);
  const old = previous ? await filesOf(directory, previous) : [];
  const files = (["onnx", "known"] as const).flatMap((role) => {
    const content = contents[role];
    return content ? [{ ...names[role]!, content }] : [];
  });
  const asides: string[] = [];
  const added: string[] = [];
  try {
    for (const { plain, content } of files) asides.push(await writeTemporary(path(plain), content));
    for (const [i, { versioned }] of files.entries()) {
      await Deno.rename(asides[i], path(versioned));
      added.push(versioned);
    }
    await sync();
    asides.push(await writeTemporary(path(`${card.name}.json`), cardText(card)));
    await Deno.rename(asides[files.length], path(`${card.name}.json`));
  } catch (error) {
    for (const aside of asides) await removeIfThere(aside);
    for (const file of added.filter((file) => !old.includes(file))) await removeIfThere(path(file));
    throw error;
  }
  await sync();
  const kept = await filesOf(directory, card);
  for (const file of old.filter((file) => !kept.includes(file))) await removeIfThere(path(file));
}

/** The files that a card points to, as far as they are there: versioned, else plain ones with the card's hash. */
async function filesOf(directory: string, card: ModelCard): Promise<string[]> {
  const { onnx, known } = modelFileNames(card.name, card);
  const files: string[] = [];
  for (const [names, hash] of [[onnx, card.sha256], [known, card.known_names?.sha256]] as const) {
    if (!names) continue;
    const isThere = await stat(join(directory, names.versioned)).then(() => true, () => false);
    const plain = isThere ? null : await readFile(join(directory, names.plain)).catch(() => null);
    if (isThere) files.push(names.versioned);
    else if (plain && await sha256(new Uint8Array(plain)) === hash) files.push(names.plain);
  }
  return files;
}

/** The card of a name, or undefined where there is none that can be read. */
async function readCard(directory: string, name: string): Promise<ModelCard | undefined> {
  const path = join(directory, `${name}.json`);
  try {
    const stats = await stat(path);
    if (!stats.isFile() || stats.size > MAX_CARD_BYTES) return undefined;
    return parseModelCard(await readFile(path, "utf8"));
  } catch {
    return undefined;
  }
}

function cardText(card: ModelCard): string {
  return JSON.stringify(card, null, 1) + "\n";
}
