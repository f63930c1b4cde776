import { Buffer } from "node:buffer";
import { mkdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import type { TrainingState } from "./fit.ts";
import type { TrainOptions } from "./train_options.ts";
import { writeAtomically } from "./atomic_write.ts";

/** Version of the file format. Version 1, which has no `version`, calls the optimizer state `slots`. */
const VERSION = 2;

/** A training run that can be resumed: its options, and how far it got. */
export interface Checkpoint {
  options: TrainOptions;
  /** SHA-256 of the list, which must be the same when the run is resumed. */
  listSha256: string;
  /** How long the run has taken. */
  seconds: number;
  state: TrainingState;
}

/** The path of a model's checkpoint. Its extension differs from a card's, so that both can be in one directory. */
export function checkpointPath(directory: string, name: string): string {
  return join(directory, `${name}.checkpoint`);
}

/** Writes a checkpoint atomically. */
export async function saveCheckpoint(directory: string, checkpoint: Checkpoint): Promise<void> {
  await mkdir(directory, { recursive: true });
  await writeAtomically(
    checkpointPath(directory, checkpoint.options.name),
    JSON.stringify(
      { version: VERSION, ...checkpoint },
      (_key, value) =>
        value instanceof Float32Array ? { float32: Buffer.from(value.buffer).toString("base64") } : value,
    ),
  );
}

/**
 * Reads a model's checkpoint.
 *
 * @throws {Error} If there is none, or it cannot be read.
 */
export async function loadCheckpoint(directory: string, name: string): Promise<Checkpoint> {
  const path = checkpointPath(directory, name);
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch {
    throw new Error(
      `Cannot resume ${name}: there is no checkpoint ${path}; only a run that was stopped before its end leaves one`,
    );
  }
  try {
    const { version = 1, ...checkpoint } = JSON.parse(
      text,
      (_key, value) =>
        typeof value?.float32 === "string"
          ? new Float32Array(new Uint8Array(Buffer.from(value.float32, "base64")).buffer)
          : value,
    );
    if (version > VERSION) throw new Error(`its format is version ${version}, newer than ${VERSION}`);
    if (version > 1) return checkpoint;
    const { slots, ...state } = checkpoint.state;
    return { ...checkpoint, state: { ...state, optimizerState: slots } };
  } catch (error) {
    throw new Error(`Cannot resume ${name}: checkpoint ${path} cannot be read (${(error as Error).message})`);
  }
}

/** Removes a model's checkpoint, if there is one. */
export async function removeCheckpoint(directory: string, name: string): Promise<void> {
  await rm(checkpointPath(directory, name), { force: true });
}
