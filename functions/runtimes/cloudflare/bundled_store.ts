import { sha256 } from "../../../shared/sha256.ts";
import { type ModelStore, type StoredModel, versionOf } from "../../inference/model_store.ts";
import type { ModelFiles } from "../../inference/served_model.ts";

/** The models in the Worker's bundle, and those of another store over them, which replace the ones of the same name. */
export class BundledStore implements ModelStore {
  readonly #files: ReadonlyMap<string, ModelFiles>;
  readonly #over: ModelStore | null;
  /** The models in the bundle, once they were listed. */
  #bundled: readonly StoredModel[] | null = null;

  constructor(models: readonly ModelFiles[], over: ModelStore | null = null) {
    this.#files = new Map(models.map((files) => [files.name, files]));
    this.#over = over;
  }

  /** The models in the bundle. */
  async listBundled(): Promise<readonly StoredModel[]> {
    return this.#bundled ??= await Promise.all(Array.from(this.#files.values(), async ({ name, card }) => {
      const version = versionOf(await sha256(new TextEncoder().encode(card)));
      return { name, version, state: version };
    }));
  }

  async list(): Promise<StoredModel[]> {
    const models = new Map<string, StoredModel>();
    for (const model of await this.listBundled()) models.set(model.name, model);
    for (const model of await this.#over?.list() ?? []) {
      // The version in the bundle needs no reading.
      if (models.get(model.name)?.version !== model.version) models.set(model.name, model);
    }
    return [...models.values()];
  }

  async readCard(model: StoredModel): Promise<string> {
    return this.#bundled?.includes(model)
      ? this.#files.get(model.name)!.card
      : await this.#over!.readCard(model);
  }

  async read(model: StoredModel): Promise<ModelFiles> {
    return this.#bundled?.includes(model) ? this.#files.get(model.name)! : await this.#over!.read(model);
  }
}
