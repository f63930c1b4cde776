import { stat } from "node:fs/promises";
import { join } from "node:path";
import { type ModelCard, parseModelCard } from "../../shared/model_card.ts";
import { modelFileNames } from "../../shared/model_files.ts";
import { sha256 } from "../../shared/sha256.ts";
import { listModels, readCardText, readModel } from "./model_directory.ts";
import { type ModelStore, type StoredModel, StoreUnavailableError, versionOf } from "./model_store.ts";
import type { ModelFiles } from "./served_model.ts";

/** What is known of a card, as long as its file does not change. */
interface KnownCard {
  /** The state of the card's file. */
  file: string;
  version: string | null;
  /** The other files that the model may have. */
  others: string[];
}

/** The models of a directory. It only looks at the files of a model that has not changed, and does not read them. */
export class DirectoryStore implements ModelStore {
  readonly #directory: string;
  readonly #cards = new Map<string, KnownCard>();

  constructor(directory: string) {
    this.#directory = directory;
  }

  async list(): Promise<StoredModel[]> {
    const names = await listModels(this.#directory).catch((error: Error) => {
      throw new StoreUnavailableError(error.message);
    });
    for (const name of this.#cards.keys()) if (!names.includes(name)) this.#cards.delete(name);
    return await Promise.all(names.map((name) => this.#look(name)));
  }

  readCard({ name }: StoredModel): Promise<string> {
    return readCardText(this.#directory, name);
  }

  read({ name }: StoredModel): Promise<ModelFiles> {
    return readModel(this.#directory, name);
  }

  async #look(name: string): Promise<StoredModel> {
    const file = await this.#stateOf(`${name}.json`);
    let card = this.#cards.get(name);
    if (card?.file !== file) this.#cards.set(name, card = { file, ...await this.#readCard(name) });
    // A file that is copied after its card makes another attempt worthwhile.
    const others = await Promise.all(card.others.map((other) => this.#stateOf(other)));
    return { name, version: card.version, state: [file, ...others].join(" ") };
  }

  async #readCard(name: string): Promise<Omit<KnownCard, "file">> {
    let text: string;
    try {
      text = await readCardText(this.#directory, name);
    } catch {
      return { version: null, others: [] }; // read() says why
    }
    const version = versionOf(await sha256(new TextEncoder().encode(text)));
    return { version, others: otherFiles(name, text) };
  }

  /** What changes when a file is replaced or written to; a constant where there is none. */
  async #stateOf(file: string): Promise<string> {
    try {
      const { ino, size, mtimeMs } = await stat(join(this.#directory, file));
      return `${ino}-${size}-${mtimeMs}`;
    } catch {
      return "none";
    }
  }
}

/** The names that the other files of a model may have; none where the card is invalid. */
function otherFiles(name: string, text: string): string[] {
  let card: ModelCard;
  try {
    card = parseModelCard(text);
  } catch {
    return [];
  }
  const { onnx, list } = modelFileNames(name, card);
  return [onnx.versioned, onnx.plain, list.versioned, list.plain];
}
