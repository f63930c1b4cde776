import type { ModelFiles } from "./served_model.ts";

/** A model in a store. */
export interface StoredModel {
  name: string;
  /** Its version, see {@link versionOf}; null where its card cannot be read. */
  version: string | null;
  /** Changes whenever another attempt to open the model may end otherwise: with each version at least. */
  state: string;
}

/** Where a server finds its models, and new versions of them while it runs. */
export interface ModelStore {
  /**
   * The models that there are now.
   *
   * @throws {StoreUnavailableError} If the store cannot be read at the moment.
   */
  list(): Promise<StoredModel[]>;
  /**
   * Reads the text of a model's card.
   *
   * @throws As {@link read}.
   */
  readCard(model: StoredModel): Promise<string>;
  /**
   * Reads a model's files.
   *
   * @throws {StoreUnavailableError} If the store cannot be read at the moment.
   * @throws {Error} If a file is missing, too large or not what the store says; the message is the reason.
   */
  read(model: StoredModel): Promise<ModelFiles>;
}

/** A store cannot be read at the moment, which says nothing of its models. */
export class StoreUnavailableError extends Error {
  override name = "StoreUnavailableError";
}

/** Hexadecimal digits of a version: enough that two models never share one by chance. */
const VERSION_DIGITS = 16;

/**
 * The version of a model: the first digits of the SHA-256 of its card's text. A card has the hashes of the model's other files, so
 * that the version changes with any of them.
 *
 * @param sha256 The SHA-256 of the card's text.
 */
export function versionOf(sha256: string): string {
  return sha256.slice(0, VERSION_DIGITS);
}
