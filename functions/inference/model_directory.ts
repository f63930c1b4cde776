import { lstat, open, readdir, realpath } from "node:fs/promises";
import { join, sep } from "node:path";
import { readCardFile, readModelFiles } from "../../shared/model_files.ts";
import type { ModelFiles } from "./served_model.ts";

/**
 * The sorted names of the models in a directory: its cards' file names without `.json`.
 *
 * @throws {Error} If the directory cannot be read.
 */
export async function listModels(directory: string): Promise<string[]> {
  let entries: string[];
  try {
    entries = await readdir(directory);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const reason = code === "ENOENT"
      ? "there is no such directory"
      : code === "ENOTDIR"
      ? "it is not a directory"
      : message;
    throw new Error(
      `Cannot list the models in ${directory}: ${reason}; EDGEMORE_MODELS says where the models are`,
    );
  }
  return entries.flatMap((file) => /^([^.].*)\.json$/s.exec(file)?.[1] ?? []).sort();
}

/**
 * Reads a model's files: regular files inside the directory, of bounded size. Nothing else is opened.
 *
 * @param directory The directory of the models.
 * @param name A name that {@link listModels} returned.
 * @throws {Error} If a file is missing, not a regular file, outside the directory or too large, or the card is invalid. The
 * message is the reason.
 */
export async function readModel(directory: string, name: string): Promise<ModelFiles> {
  const root = await realpath(directory);
  const { cardText, onnx, list } = await readModelFiles(
    name,
    (file, maxBytes) => readRegularFile(root, file, maxBytes),
  );
  return { name, card: cardText, onnx, list };
}

/**
 * Reads the text of a model's card.
 *
 * @param name A name that {@link listModels} returned.
 * @throws As {@link readModel}, but that the card may be invalid.
 */
export async function readCardText(directory: string, name: string): Promise<string> {
  const root = await realpath(directory);
  return await readCardFile(name, (file, maxBytes) => readRegularFile(root, file, maxBytes));
}

/** Reads a file; null if there is none. Symbolic links are followed inside the directory. */
async function readRegularFile(
  directory: string,
  file: string,
  maxBytes: number,
): Promise<Uint8Array<ArrayBuffer> | null> {
  let path = join(directory, file);
  try {
    let stats = await lstat(path);
    if (stats.isSymbolicLink()) {
      path = await realpath(path).catch(() => {
        throw new Error(`${file} is a link that leads nowhere`);
      });
      if (!path.startsWith(directory + sep)) {
        throw new Error(`${file} is a link out of the directory of models`);
      }
      stats = await lstat(path);
    }
    if (!stats.isFile()) throw new Error(`${file} is not a regular file`);
    return await readBounded(path, file, maxBytes);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") return null;
    if (code !== undefined) throw new Error(`${file} cannot be read: ${code}`);
    throw error;
  }
}

async function readBounded(path: string, file: string, maxBytes: number): Promise<Uint8Array<ArrayBuffer>> {
  const handle = await open(path);
  try {
    const { size } = await handle.stat();
    if (size > maxBytes) throw new Error(`${file} has ${size} bytes, the most is ${maxBytes}`);
    const bytes = new Uint8Array(size);
    let length = 0;
    while (length < bytes.length) {
      const { bytesRead } = await handle.read(bytes, length, bytes.length - length);
      if (bytesRead === 0) break;
      length += bytesRead;
    }
    return bytes.subarray(0, length);
  } finally {
    await handle.close();
  }
}
