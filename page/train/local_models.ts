/// <reference lib="dom" />
import { type ReadonlySignal, type Signal, signal } from "@preact/signals";
import { type DBSchema, type IDBPDatabase, openDB } from "idb";
import type { ModelCard } from "../../shared/model_card.ts";
import { localReference } from "./local_reference.ts";
import type { TrainedFiles } from "./messages.ts";

/*
 * The models that were trained in this browser. They are kept in its IndexedDB, and for this visit in memory where a browser
 * does not allow that.
 */

interface Database extends DBSchema {
  /** Cards, by model name. */
  cards: { key: string; value: ModelCard };
  /** The other files, by model name: they are read only when they are needed. */
  files: { key: string; value: Omit<TrainedFiles, "card"> };
}

/** The cards of the models in this browser. */
const cards: Signal<ModelCard[]> = signal([]);
export const localCards: ReadonlySignal<ModelCard[]> = cards;

/** Files of models that could not be stored. */
const unstored = new Map<string, TrainedFiles>();
let opened: Promise<IDBPDatabase<Database>> | undefined;

async function database(): Promise<IDBPDatabase<Database>> {
  try {
    return await (opened ??= openDB<Database>("edgemore", 1, {
      upgrade(database) {
        database.createObjectStore("cards", { keyPath: "name" });
        database.createObjectStore("files");
      },
    }));
  } catch (error) {
    opened = undefined; // the next call tries again
    throw error;
  }
}

/** A model of the server, or of this browser. */
export interface AvailableModel {
  /** The value of the page's `model`. */
  reference: string;
  card: ModelCard;
}

/** The server's models, and then those in this browser. */
export function availableModels(served: readonly ModelCard[]): AvailableModel[] {
  return [
    ...served.map((card) => ({ reference: card.name, card })),
    ...cards.value.map((card) => ({ reference: localReference(card.name), card })),
  ];
}

/** Finds the models that earlier visits left. */
export async function findLocalModels(): Promise<void> {
  const stored = await database().then((database) => database.getAll("cards")).catch(() => []);
  cards.value = [...stored, ...Array.from(unstored.values(), ({ card }) => card)];
}

/**
 * Keeps a model.
 *
 * @returns Whether it survives this visit.
 */
export async function keepLocalModel({ card, onnx, list }: TrainedFiles): Promise<boolean> {
  let stored = true;
  try {
    const transaction = (await database()).transaction(["cards", "files"], "readwrite");
    await Promise.all([
      transaction.objectStore("cards").put(card),
      transaction.objectStore("files").put({ onnx, list }, card.name),
      transaction.done,
    ]);
    unstored.delete(card.name);
  } catch {
    stored = false;
    unstored.set(card.name, { card, onnx, list });
  }
  await findLocalModels();
  return stored;
}

/** Deletes a model. */
export async function deleteLocalModel(name: string): Promise<void> {
  try {
    if (unstored.delete(name)) return;
    const transaction = (await database()).transaction(["cards", "files"], "readwrite");
    await Promise.all([
      transaction.objectStore("cards").delete(name),
      transaction.objectStore("files").delete(name),
      transaction.done,
    ]);
  } finally {
    await findLocalModels();
  }
}

/**
 * A model's files.
 *
 * @throws {Error} If there is no such model.
 */
export async function localFiles(name: string): Promise<TrainedFiles> {
  const kept = unstored.get(name);
  if (kept) return kept;
  const transaction = (await database()).transaction(["cards", "files"]);
  const [card, files] = await Promise.all([
    transaction.objectStore("cards").get(name),
    transaction.objectStore("files").get(name),
  ]);
  if (!card || !files) throw new Error(`there is no model ${name} in this browser`);
  return { card, ...files };
}
