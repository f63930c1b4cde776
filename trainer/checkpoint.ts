import { mkdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import type { FitState } from "./fit.ts";
import type { TrainOptions } from "./train_options.ts";
import { writeAtomically } from "./atomic_write.ts";

/** A training run that can go on: what was asked for, and how far it got. */
export interface Checkpoint {
  options: TrainOptions;
  /** SHA-256 of the list, which must be the same when the run goes on. */
  listSha256: string;
  /** How long it has run. */
  seconds: number;
  state: FitState;
}

/**
 * Where the checkpoint of a model is kept: under no name that a card has, should the directory be that of the
 * models.
 */
export function checkpointPath(directory: string, name: string): string {
  return join(directory, `${name}.checkpoint`);
}

/** Writes a checkpoint, whole or not at all. */
export async function saveCheckpoint(directory: string, checkpoint: Checkpoint): Promise<void> {
  await mkdir(directory, { recursive: true });
  await writeAtomically(
    checkpointPath(directory, checkpoint.options.name),
    JSON.stringify(
      checkpoint,
      (_key, value) =>
        value instanceof Float32Array ? { float32: new Uint8Array(value.buffer).toBase64() } : value,
    ),
  );
}

/**
 * Reads the checkpoint of a model.
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
      `Cannot resume ${name}: there is no checkpoint ${path}; a run that was stopped before its end leaves one`,
    );
  }
  try {
    return JSON.parse(
      text,
      (_key, value) =>
        typeof value?.float32 === "string"
          ? new Float32Array(Uint8Array.fromBase64(value.float32).buffer)
          : value,
    );
  } catch (error) {
    throw new Error(`Cannot resume ${name}: checkpoint ${path} is broken (${(error as Error).message})`);
  }
}

/** Removes the checkpoint of a model, if there is one. */
export async function removeCheckpoint(directory: string, name: string): Promise<void> {
  await rm(checkpointPath(directory, name), { force: true });
}
