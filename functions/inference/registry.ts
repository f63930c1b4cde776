import { deferred } from "../../shared/deferred.ts";
import type { ModelCard } from "../../shared/model_card.ts";
import { Problem } from "../problem.ts";
import { parseModelReference, pinnedReference } from "./model_reference.ts";
import {
  type ClosedModel,
  type ModelState,
  type ModelStatus,
  type Opening,
  type RefusedUpdate,
  statusOf,
} from "./model_state.ts";
import type { OnnxRuntime } from "./onnx_model.ts";
import { WASM_RUNTIME } from "./onnx_runtime.ts";
import { StoreUnavailableError } from "./model_store.ts";
import { type ModelFiles, openModel, type ServedModel, TrainingLists } from "./served_model.ts";
import { startTimeout } from "./timeout.ts";

export type { ModelFiles, ServedModel };

/** The name of the default model, if there is a model of this name. */
const DEFAULT_MODEL = "gru";

/** How long a request waits for a model to open, in milliseconds; most open within a second. */
const MAX_WAIT = 3000;

/** Retry-After for a model that is still opening, in seconds. */
export const RETRY_AFTER = 2;

/** How long opening a model may take before a request starts it again, in milliseconds: what did it may have been ended. */
const MAX_OPENING = 60_000;

/** Opens a model. Its argument is to be called if the model turns out to be broken later. */
export type OpenModel = (onBroken: (reason: string) => void) => Promise<ServedModel>;

/** A model's card and its version. */
export type VersionedCard = ModelCard & { version: string };

/** A model of the registry. */
interface Entry {
  model: ModelState;
  /** Opens it again after it was closed; null before it was first opened. */
  open: OpenModel | null;
  update: RefusedUpdate | null;
}

/** Options of a {@link Registry}. */
export interface RegistryOptions {
  /** Called with each promise of a model that is opened for a request, which must not end with the request. */
  keepAlive?: (opening: Promise<void>) => void;
  /** Returns the time in milliseconds. */
  now?: () => number;
}

/**
 * The models of a server by name. A model that is broken or still opening does not affect the others. Models may be added,
 * replaced and removed while requests are answered.
 */
export class Registry {
  readonly #entries = new Map<string, Entry>();
  /** The name of the default model, if the server was told one. */
  readonly #named: string | undefined;
  readonly #keepAlive: (opening: Promise<void>) => void;
  readonly #now: () => number;
  #names: readonly string[] = [];
  /** Resolves when all models are known. */
  #complete: Promise<void> = Promise.resolve();

  /**
   * Makes a registry of models that are not open yet; see {@link add}.
   *
   * @param names The models' names.
   * @param defaultModel The model for requests that name none. Default: "gru", else the first in alphabetical order, among
   * those that are not broken.
   * @throws {RangeError} If `defaultModel` is not in `names`.
   */
  constructor(names: Iterable<string>, defaultModel?: string, options: RegistryOptions = {}) {
    const { keepAlive = () => {}, now = Date.now } = options;
    this.#named = defaultModel;
    this.#keepAlive = keepAlive;
    this.#now = now;
    for (const name of [...names].sort()) this.#enter(name);
    if (defaultModel !== undefined && !this.#entries.has(defaultModel)) {
      throw new RangeError(
        `Cannot make ${JSON.stringify(defaultModel)} the default model: there are ${
          [...this.#entries.keys()].join(", ") || "none"
        }`,
      );
    }
  }

  /**
   * Makes a registry and opens all its models. A broken model is not an error.
   *
   * @param files The models' files.
   * @param defaultModel See the constructor.
   * @param runtime The ONNX Runtime to run them with. Default: WebAssembly.
   * @throws {RangeError} If there is no model of the name `defaultModel`.
   */
  static async open(
    files: Iterable<ModelFiles>,
    defaultModel?: string,
    runtime: OnnxRuntime = WASM_RUNTIME,
  ): Promise<Registry> {
    const byName = new Map(Array.from(files, (file) => [file.name, file]));
    const registry = new Registry(byName.keys(), defaultModel);
    const lists = new TrainingLists();
    for (const name of registry.names) {
      await registry.add(name, (onBroken) => openModel(byName.get(name)!, runtime, { onBroken, lists }));
    }
    return registry;
  }

  /** The names of the models in the order in which to open them: the default model first, then in alphabetical order. */
  get names(): readonly string[] {
    return this.#names;
  }

  /**
   * Opens a model. If there is one of this name that answers, it answers until the new one can, which then replaces it. If
   * opening fails, the old one stays; without an old one the model is broken.
   *
   * @param version The version that is opened, for `/health`.
   */
  async add(name: string, open: OpenModel, version: string | null = null): Promise<void> {
    const entry = this.#entries.get(name) ?? this.#enter(name);
    try {
      const served = await this.#attempt(name, entry, open);
      if (this.#entries.get(name) !== entry) return void served.memory.close(); // it was removed meanwhile
      entry.open = open;
      entry.update = null;
      this.#serve(name, entry, served);
    } catch (error) {
      this.#refuse(name, entry, version, (error as Error).message);
    }
  }

  /** Adds a model that is open. It replaces one of the same name. */
  addOpened(name: string, served: ServedModel): void {
    const entry = this.#entries.get(name) ?? this.#enter(name);
    entry.open = () => Promise.resolve(served); // which opens itself again when it is asked
    entry.update = null;
    this.#serve(name, entry, served);
  }

  /**
   * Adds a model that is opened when a request asks for it. It replaces one of the same name.
   *
   * @param open Opens it.
   */
  offer(name: string, closed: ClosedModel, open: OpenModel): void {
    const entry = this.#entries.get(name) ?? this.#enter(name);
    entry.open = open;
    entry.update = null;
    this.#set(name, entry, { status: "closed", closed });
  }

  /** Removes a model. Requests that have it can finish. */
  remove(name: string): void {
    const entry = this.#entries.get(name);
    if (entry === undefined) return;
    this.#entries.delete(name);
    this.#sort();
    this.#leave(entry.model);
  }

  /**
   * Tells that more models may be added soon. Requests for unknown ones wait for them, at most {@link MAX_WAIT}.
   *
   * @param complete Resolves when all are there.
   */
  expectMore(complete: Promise<void>): void {
    this.#complete = complete;
  }

  /** The version of the model of a name that answers; null if none does. */
  versionOf(name: string): string | null {
    const model = this.#entries.get(name)?.model;
    if (model?.status === "ready") return model.served.version;
    return model?.status === "closed" ? model.closed.version : null;
  }

  #enter(name: string): Entry {
    const entry: Entry = { model: this.#openingModel(null), open: null, update: null };
    this.#entries.set(name, entry);
    this.#sort();
    return entry;
  }

  /** Keeps the models in alphabetical order. */
  #sort(): void {
    const sorted = [...this.#entries].sort(([a], [b]) => (a < b ? -1 : 1));
    this.#entries.clear();
    for (const [name, entry] of sorted) this.#entries.set(name, entry);
    const first = this.#named ?? DEFAULT_MODEL;
    const names = sorted.map(([name]) => name);
    this.#names = [...names.filter((name) => name === first), ...names.filter((name) => name !== first)];
  }

  #openingModel(closed: ClosedModel | null): Opening {
    const { promise, resolve } = deferred<void>();
    return { status: "opening", settled: promise, settle: resolve, since: this.#now(), closed };
  }

  #serve(name: string, entry: Entry, served: ServedModel): void {
    served.memory.onClosed = () => {
      const { model } = entry;
      if (model.status !== "ready" || model.served !== served) return;
      const { card, version, trainingNames } = served;
      this.#set(name, entry, {
        status: "closed",
        closed: { card, version, trainingNames: trainingNames !== null },
      });
    };
    this.#set(name, entry, { status: "ready", served, pinned: { ...served, pinned: true } });
  }

  /** @throws {Error} If the model cannot be opened, or turns out to be broken before it is. */
  async #attempt(name: string, entry: Entry, open: OpenModel): Promise<ServedModel> {
    let failure: string | undefined;
    const served: ServedModel = await open((reason) => {
      failure = reason;
      const { model } = entry;
      if (model.status === "ready" && model.served === served) {
        this.#set(name, entry, { status: "broken", reason });
      }
    });
    if (failure !== undefined) throw new Error(failure);
    return served;
  }

  #refuse(name: string, entry: Entry, version: string | null, reason: string): void {
    if (entry.model.status === "opening" || entry.model.status === "broken") {
      return this.#set(name, entry, { status: "broken", reason });
    }
    entry.update = { ...(version !== null && { version }), reason };
    console.error(`warning: the new version of model ${name} is refused: ${reason}`);
  }

  #set(name: string, entry: Entry, model: ModelState): void {
    const before = entry.model;
    entry.model = model;
    if (model.status === "broken") console.error(`warning: model ${name} is broken: ${model.reason}`);
    this.#leave(before);
  }

  /** Gives up a state of a model. */
  #leave(before: ModelState): void {
    if (before.status === "opening") before.settle();
    if (before.status === "ready") before.served.memory.retired = true;
  }

  /** The name of the model for requests that name none. */
  get defaultModel(): string {
    if (this.#named !== undefined) return this.#named;
    const isBroken = (name: string) => this.#entries.get(name)!.model.status === "broken";
    return this.#names.find((name) => !isBroken(name)) ?? this.#names[0] ?? DEFAULT_MODEL;
  }

  /**
   * Finds a model. Waits for one that is opening, at most {@link MAX_WAIT}, and opens one that is closed; one that is open is
   * returned without a promise.
   *
   * @param reference The model's name, or its name and the first digits of its file's SHA-256, as in `gru@c2d60bc2`.
   * Default: the default model.
   * @param parameter The parameter that has the reference, for the error message.
   * @throws {Problem} 400 if the reference is malformed, 404 if there is no such model or its SHA-256 is another, 503 if it
   * is broken or still opening.
   */
  get(reference?: string, parameter = "model"): ServedModel | Promise<ServedModel> {
    const { name, digits } = reference === undefined
      ? { name: undefined, digits: null }
      : readReference(reference, parameter);
    const chosen = name ?? this.defaultModel;
    const served = (chosen: string) => this.#served(chosen, digits, reference, parameter);
    if (this.#entries.get(chosen)?.model.status !== "ready") return this.#waitFor(name).then(served);
    return served(chosen);
  }

  /** The model of a name, with the errors of {@link get}. */
  #served(
    chosen: string,
    digits: string | null,
    reference: string | undefined,
    parameter: string,
  ): ServedModel {
    const model = this.#entries.get(chosen)?.model;
    if (model === undefined) {
      const known = [...this.#entries.keys()].join(", ") || "none";
      const message = `must be a model of this server (${known}), got ${JSON.stringify(chosen)}`;
      throw Problem.ofParameters("unknown-model", [{ parameter, message }]);
    }
    if (model.status === "broken") {
      throw new Problem("broken-model", `Model ${chosen} cannot answer: ${model.reason}`);
    }
    if (model.status !== "ready") throw this.#opening(chosen);
    model.served.memory.use();
    if (digits === null) return model.served;
    const { sha256 } = model.served.card;
    if (sha256.startsWith(digits)) return model.pinned;
    const message = `must be pinned to the file that is served, ${pinnedReference(chosen, sha256)}, got ${
      JSON.stringify(reference)
    }`;
    throw Problem.ofParameters("unknown-model", [{ parameter, message }]);
  }

  /**
   * Waits until a model is no longer opening, or closed.
   *
   * @param name The model; undefined for the default model, which changes if one turns out to be broken.
   * @returns The model's name.
   * @throws {Problem} 503 after {@link MAX_WAIT}.
   */
  async #waitFor(name: string | undefined): Promise<string> {
    const timeout = startTimeout(MAX_WAIT);
    const asked = new Set<Entry>();
    try {
      if (!this.#entries.has(name ?? this.defaultModel)) {
        await Promise.race([this.#complete, timeout.over]);
        if (timeout.passed) throw this.#opening(name ?? this.defaultModel);
      }
      while (true) {
        const chosen = name ?? this.defaultModel;
        const entry = this.#entries.get(chosen);
        if (entry === undefined) return chosen;
        if (!asked.has(entry)) this.#openIfClosed(chosen, entry); // once: otherwise each failure would be the next attempt
        asked.add(entry);
        if (entry.model.status !== "opening") return chosen;
        if (timeout.passed) throw this.#opening(chosen);
        await Promise.race([entry.model.settled, timeout.over]);
      }
    } finally {
      timeout.clear();
    }
  }

  /** Starts to open a model that is closed, or whose opening has been going on for too long. */
  #openIfClosed(name: string, entry: Entry): void {
    const { model, open } = entry;
    const overdue = model.status === "opening" && this.#now() - model.since > MAX_OPENING;
    if (open === null || (model.status !== "closed" && !overdue)) return;
    this.#keepAlive(this.#reopen(name, entry, open, model.closed));
  }

  /** Opens a model again. It stays closed if that is not possible at the moment, and is broken if it is not at all. */
  async #reopen(name: string, entry: Entry, open: OpenModel, closed: ClosedModel | null): Promise<void> {
    const opening = this.#openingModel(closed);
    this.#set(name, entry, opening);
    try {
      const served = await this.#attempt(name, entry, open);
      if (entry.model === opening && this.#entries.get(name) === entry) this.#serve(name, entry, served);
      else served.memory.close(); // it was removed or replaced meanwhile
    } catch (error) {
      if (entry.model !== opening) return;
      if (error instanceof StoreUnavailableError && closed !== null) {
        this.#set(name, entry, { status: "closed", closed });
      } else this.#set(name, entry, { status: "broken", reason: (error as Error).message });
    }
  }

  #opening(name: string): Problem {
    const detail = `Model ${name} is still being opened; ask again in ${RETRY_AFTER} s`;
    return new Problem("opening-model", detail, [], { "retry-after": String(RETRY_AFTER) });
  }

  /**
   * The cards and versions of the models that are ready, or will be when they are asked for. Waits for those that are opening, at
   * most {@link MAX_WAIT}.
   */
  async cards(): Promise<VersionedCard[]> {
    const models = () => Array.from(this.#entries.values(), ({ model }) => model);
    const timeout = startTimeout(MAX_WAIT);
    await Promise.race([this.#complete, timeout.over]);
    const unknown = models().filter((model) => model.status === "opening" && model.closed === null);
    await Promise.race([Promise.all(unknown.map((model) => (model as Opening).settled)), timeout.over]);
    timeout.clear();
    return models().flatMap((model) => {
      if (model.status === "broken") return [];
      const known = model.status === "ready" ? model.served : model.closed;
      return known === null ? [] : [{ ...known.card, version: known.version }];
    });
  }

  /** The status of each model. */
  statuses(): ModelStatus[] {
    return Array.from(this.#entries, ([name, { model, update }]) => ({
      name,
      ...statusOf(model),
      ...(update !== null && { update }),
    }));
  }
}

/** @throws {Problem} 400 if the reference is malformed. */
function readReference(reference: string, parameter: string): { name: string; digits: string | null } {
  try {
    return parseModelReference(reference);
  } catch (error) {
    throw Problem.ofParameters("invalid-parameter", [{ parameter, message: (error as Error).message }]);
  }
}
