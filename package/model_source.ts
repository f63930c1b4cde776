import type { ModelFiles } from "../functions/inference/served_model.ts";
import { cardText, type ModelCard, parseModelCard } from "../shared/model_card.ts";
import { decompressList } from "../shared/model_files.ts";
import { type Bytes, bytesOf, isBytes } from "./bytes.ts";

/** The files of a model. */
export interface ModelSource {
  /** The text of its card, NAME.json, or the object that importing it gives. */
  card: string | object;
  /** Its ONNX file. */
  onnx: Bytes;
  /** The list that it was trained on, which `novel` needs: text or bytes, which may be gzipped. */
  list?: string | Bytes | null;
}

/** How the bytes of a gzip file and of a zip file begin. */
const GZIP = [0x1f, 0x8b];
const ZIP = [0x50, 0x4b];

/**
 * Reads what a user has of a model.
 *
 * @param source Its files, or the bytes of NAME.edgemore.zip, which the page downloads.
 * @throws {TypeError} If the card is not one.
 * @throws {Error} If the zip file or the list cannot be read.
 */
export async function readSource(source: ModelSource | Bytes): Promise<ModelFiles> {
  if (isBytes(source)) return await readZip(bytesOf(source));
  const { card, onnx, list } = source;
  const text = textOf(card);
  const { name, dataset } = parseModelCard(text);
  return { name, card: text, onnx: bytesOf(onnx), list: list ? await readList(dataset.name, list) : null };
}

async function readZip(bytes: Uint8Array<ArrayBuffer>): Promise<ModelFiles> {
  if (!begins(bytes, ZIP)) {
    throw new TypeError("Cannot open a model: its files are needed, { card, onnx }, or a zip file with both");
  }
  const { readArchive } = await import("../trainer/model_archive.ts");
  const { card, onnx, list } = await readArchive(bytes, "from a zip file");
  return { name: card.name, card: cardText(card), onnx, list };
}

async function readList(name: string, list: string | Bytes): Promise<Uint8Array<ArrayBuffer>> {
  if (typeof list === "string") return new TextEncoder().encode(list);
  const bytes = bytesOf(list);
  return begins(bytes, GZIP) ? await decompressList(name, bytes) : bytes;
}

function begins(bytes: Uint8Array, expected: readonly number[]): boolean {
  return expected.every((byte, i) => bytes[i] === byte);
}

/**
 * The name of a model, by its card.
 *
 * @throws {TypeError} If the card is not one.
 */
export function nameOfSource({ card }: ModelSource): string {
  return parseModelCard(textOf(card)).name;
}

function textOf(card: string | object): string {
  return typeof card === "string" ? card : cardText(card as ModelCard);
}
