import { deferred } from "../../shared/deferred.ts";
import { type ModelCard, parseModelCard } from "../../shared/model_card.ts";
import type { ModelMemory } from "./model_memory.ts";
import { type ModelStore, type StoredModel, StoreUnavailableError } from "./model_store.ts";
import type { OpenModel, Registry } from "./registry.ts";
import type { ModelFiles, ServedModel } from "./served_model.ts";

/** How long a refresh may take before the next one starts beside it, in milliseconds: what did it may have been ended. */
const MAX_REFRESH = 60_000;

/** Options of a {@link ModelRefresher}. */
export interface RefresherOptions {
  /** Opens a model. */
  open: (files: ModelFiles, onBroken: (reason: string) => void) => Promise<ServedModel>;
  /**
   * Whether new models are opened only when a request asks for one. New versions of models that are open are opened at once, since
   * they replace the old ones only if they answer.
   */
  lazy?: boolean;
  /** The models that are open already, as the store has them. */
  opened?: Iterable<StoredModel>;
  /** The memory of all models. */
  memory?: ModelMemory;
  /** Called at the end of each refresh. */
  onEnd?: () => void;
  /** Returns the time in milliseconds. */
  now?: () => number;
}

/**
 * Makes a registry follow a store: new models appear, new versions replace old ones, and models that are gone disappear. A version
 * that cannot be served leaves the old one in place, and is not tried again until it changes.
 */
export class ModelRefresher {
  readonly #registry: Registry;
  readonly #store: ModelStore;
  readonly #options: RefresherOptions;
  readonly #now: () => number;
  /** The state in which each model was opened or refused. */
  readonly #states = new Map<string, string>();
  #running: Promise<void> | null = null;
  /** Resolves when the registry knows all models of the last refresh, though some may still be opening. */
  listed: Promise<void> = Promise.resolve();
  #startedAt = -Infinity;

  constructor(registry: Registry, store: ModelStore, options: RefresherOptions) {
    this.#registry = registry;
    this.#store = store;
    this.#options = options;
    this.#now = options.now ?? Date.now;
    for (const { name, state } of options.opened ?? []) this.#states.set(name, state);
  }

  /**
   * Whether the last refresh started so long ago.
   *
   * @param milliseconds At least so long.
   */
  isDue(milliseconds: number): boolean {
    const age = this.#now() - this.#startedAt;
    return age >= (this.#running === null ? milliseconds : Math.max(milliseconds, MAX_REFRESH));
  }

  /** Compares the registry with the store, and opens what has changed, one model after another. It never rejects. */
  refresh(): Promise<void> {
    if (this.#running !== null && this.#now() - this.#startedAt < MAX_REFRESH) return this.#running;
    this.#startedAt = this.#now();
    const { promise, resolve } = deferred<void>();
    this.listed = promise;
    const running = this.#refresh(resolve).finally(() => {
      resolve();
      if (this.#running === running) this.#running = null;
      this.#options.onEnd?.();
    });
    this.#running = running;
    return running;
  }

  /** @param listed Called when the registry knows all models. */
  async #refresh(listed: () => void): Promise<void> {
    let models: Map<string, StoredModel>;
    try {
      models = new Map((await this.#store.list()).map((model) => [model.name, model]));
    } catch (error) {
      console.error(`warning: the models cannot be refreshed: ${(error as Error).message}`);
      return;
    }
    for (const name of this.#registry.names) {
      if (models.has(name)) continue;
      this.#states.delete(name);
      this.#registry.remove(name);
    }
    const known = this.#registry.names.filter((name) => models.has(name)); // the default model first
    const changed = Array.from(new Set([...known, ...models.keys()]), (name) => models.get(name)!)
      .filter(({ name, state }) => this.#states.get(name) !== state);
    const offered = changed.filter(({ name }) =>
      this.#options.lazy && this.#registry.versionOf(name) === null
    );
    for (const model of offered) await this.#offer(model);
    listed();
    for (const model of changed) if (!offered.includes(model)) await this.#open(model);
    this.#options.memory?.closeRetired();
  }

  async #open(model: StoredModel): Promise<void> {
    this.#states.set(model.name, model.state);
    await this.#registry.add(model.name, this.#opener(model), model.version);
  }

  async #offer(model: StoredModel): Promise<void> {
    const { name, version, state } = model;
    this.#states.set(name, state);
    try {
      this.#registry.offer(
        name,
        { card: await this.#readCard(model), version: version! },
        this.#opener(model),
      );
    } catch (error) {
      this.#retryIfUnavailable(error, model);
      await this.#registry.add(name, () => Promise.reject(error), version);
    }
  }

  #opener(model: StoredModel): OpenModel {
    return async (onBroken) => {
      try {
        return await this.#options.open(await this.#store.read(model), onBroken);
      } catch (error) {
        this.#retryIfUnavailable(error, model);
        throw error;
      }
    };
  }

  /** Has the next refresh try again a model that could not be read at the moment. */
  #retryIfUnavailable(error: unknown, { name, state }: StoredModel): void {
    if (!(error instanceof StoreUnavailableError)) return;
    if (this.#states.get(name) === state) this.#states.set(name, `${state} not read`);
  }

  async #readCard(model: StoredModel): Promise<ModelCard> {
    const card = parseModelCard(await this.#store.readCard(model));
    if (card.name !== model.name) throw new Error(`it is the card of ${JSON.stringify(card.name)}`);
    return card;
  }
}
