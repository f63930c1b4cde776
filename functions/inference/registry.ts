import { deferred } from "../../shared/deferred.ts";
import type { ModelCard } from "../../shared/model_card.ts";
import { Problem } from "../problem.ts";
import { parseModelReference, pinnedReference } from "./model_reference.ts";
import type { OnnxRuntime } from "./onnx_model.ts";
import { WASM_RUNTIME } from "./onnx_runtime.ts";
import { type ModelFiles, openModel, type ServedModel, TrainingLists } from "./served_model.ts";

export type { ModelFiles, ServedModel };

/** The name of the default model, if there is a model of this name. */
const DEFAULT_MODEL = "gru";

/** How long a request waits for a model to open, in milliseconds; most open within a second. */
const MAX_WAIT = 3000;

/** Retry-After for a model that is still opening, in seconds. */
export const RETRY_AFTER = 2;

/** A model in one of its three states. */
type Model =
  | { status: "opening"; settled: Promise<void>; settle: () => void }
  | { status: "ready"; served: ServedModel; pinned: ServedModel }
  | { status: "broken"; reason: string };

/** The status of a model, as `/health` reports it. */
export interface ModelStatus {
  name: string;
  status: Model["status"];
  /** Whether it came with the list that it was trained on, if it is ready. */
  training_names?: boolean;
  /** Why it is broken. */
  reason?: string;
}

/** The models of a server by name. A model that is broken or still opening does not affect the others. */
export class Registry {
  readonly #models: Map<string, Model>;
  /** The names in the order in which to open the models: the default model first. */
  readonly names: readonly string[];
  /** Candidates for the default model: the first that is not broken. */
  readonly #defaults: readonly string[];

  /**
   * Makes a registry of models that are not open yet; see {@link add}.
   *
   * @param names The models' names.
   * @param defaultModel The model for requests that name none. Default: "gru", else the first in alphabetical order, among
   * those that are not broken.
   * @throws {RangeError} If `defaultModel` is not in `names`.
   */
  constructor(names: Iterable<string>, defaultModel?: string) {
    const sorted = [...names].sort();
    if (defaultModel !== undefined && !sorted.includes(defaultModel)) {
      throw new RangeError(
        `Cannot make ${JSON.stringify(defaultModel)} the default model: there are ${
          sorted.join(", ") || "none"
        }`,
      );
    }
    const first = defaultModel ?? DEFAULT_MODEL;
    this.names = [...sorted.filter((name) => name === first), ...sorted.filter((name) => name !== first)];
    this.#defaults = defaultModel === undefined ? this.names : [defaultModel];
    this.#models = new Map(sorted.map((name) => {
      const { promise, resolve } = deferred<void>();
      return [name, { status: "opening", settled: promise, settle: resolve }];
    }));
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
      await registry.add(name, (onBroken) => openModel(byName.get(name)!, runtime, onBroken, lists));
    }
    return registry;
  }

  /**
   * Opens a model whose name the constructor was given. If opening fails, the model is broken.
   *
   * @param open Opens the model. Its argument is to be called if the model turns out to be broken later.
   */
  async add(name: string, open: (onBroken: (reason: string) => void) => Promise<ServedModel>): Promise<void> {
    try {
      this.addOpened(name, await open((reason) => this.#set(name, { status: "broken", reason })));
    } catch (error) {
      this.#set(name, { status: "broken", reason: (error as Error).message });
    }
  }

  /** Adds a model that is open, whose name the constructor was given. */
  addOpened(name: string, served: ServedModel): void {
    this.#set(name, { status: "ready", served, pinned: { ...served, pinned: true } });
  }

  /** Changes the state of a model, except a broken one: it stays broken. */
  #set(name: string, model: Model): void {
    const before = this.#models.get(name)!;
    if (before.status === "broken") return;
    this.#models.set(name, model);
    if (model.status === "broken") console.error(`warning: model ${name} is broken: ${model.reason}`);
    if (before.status === "opening") before.settle();
  }

  /** The name of the model for requests that name none. */
  get defaultModel(): string {
    const isBroken = (name: string) => this.#models.get(name)!.status === "broken";
    return this.#defaults.find((name) => !isBroken(name)) ?? this.#defaults[0] ?? DEFAULT_MODEL;
  }

  /**
   * Finds a model. Waits for one that is opening, at most {@link MAX_WAIT}.
   *
   * @param reference The model's name, or its name and the first digits of its file's SHA-256, as in `gru@c2d60bc2`.
   * Default: the default model.
   * @param parameter The parameter that has the reference, for the error message.
   * @throws {Problem} 400 if the reference is malformed, 404 if there is no such model or its SHA-256 is another, 503 if it
   * is broken or still opening.
   */
  async get(reference?: string, parameter = "model"): Promise<ServedModel> {
    const { name, digits } = reference === undefined
      ? { name: undefined, digits: null }
      : readReference(reference, parameter);
    let chosen = name ?? this.defaultModel;
    if (this.#models.get(chosen)?.status === "opening") chosen = await this.#waitFor(name);
    const model = this.#models.get(chosen);
    if (model === undefined) {
      const known = [...this.#models.keys()].join(", ") || "none";
      const message = `must be a model of this server (${known}), got ${JSON.stringify(chosen)}`;
      throw Problem.ofParameters("unknown-model", [{ parameter, message }]);
    }
    if (model.status === "opening") throw this.#opening(chosen);
    if (model.status === "broken") {
      throw new Problem("broken-model", `Model ${chosen} cannot answer: ${model.reason}`);
    }
    if (digits === null) return model.served;
    const { sha256 } = model.served.card;
    if (sha256.startsWith(digits)) return model.pinned;
    const message = `must be pinned to the file that is served, ${pinnedReference(chosen, sha256)}, got ${
      JSON.stringify(reference)
    }`;
    throw Problem.ofParameters("unknown-model", [{ parameter, message }]);
  }

  /**
   * Waits until a model is no longer opening.
   *
   * @param name The model; undefined for the default model, which changes if one turns out to be broken.
   * @returns The model's name.
   * @throws {Problem} 503 after {@link MAX_WAIT}.
   */
  async #waitFor(name: string | undefined): Promise<string> {
    const timeout = startTimeout(MAX_WAIT);
    try {
      while (true) {
        const chosen = name ?? this.defaultModel;
        const model = this.#models.get(chosen);
        if (model?.status !== "opening") return chosen;
        if (timeout.passed) throw this.#opening(chosen);
        await Promise.race([model.settled, timeout.over]);
      }
    } finally {
      timeout.clear();
    }
  }

  #opening(name: string): Problem {
    const detail = `Model ${name} is still being opened; ask again in ${RETRY_AFTER} s`;
    return new Problem("opening-model", detail, [], { "retry-after": String(RETRY_AFTER) });
  }

  /** The cards of the models that are ready. Waits for those that are opening, at most {@link MAX_WAIT}. */
  async cards(): Promise<ModelCard[]> {
    const opening = [...this.#models.values()].filter((model) => model.status === "opening");
    if (opening.length > 0) {
      const timeout = startTimeout(MAX_WAIT);
      await Promise.race([Promise.all(opening.map(({ settled }) => settled)), timeout.over]);
      timeout.clear();
    }
    return [...this.#models.values()].flatMap((model) => model.status === "ready" ? [model.served.card] : []);
  }

  /** The status of each model. */
  statuses(): ModelStatus[] {
    return Array.from(this.#models, ([name, model]) => {
      const { status } = model;
      if (status === "broken") return { name, status, reason: model.reason };
      return status === "opening"
        ? { name, status }
        : { name, status, training_names: model.served.trainingNames !== null };
    });
  }
}

/** A running timeout. */
interface Timeout {
  /** Resolves when the time has passed. */
  over: Promise<void>;
  passed: boolean;
  /** Stops the timer; `over` then stays pending. */
  clear(): void;
}

/** @param milliseconds Its duration. */
function startTimeout(milliseconds: number): Timeout {
  const { promise: over, resolve } = deferred<void>();
  const timer = setTimeout(() => {
    timeout.passed = true;
    resolve();
  }, milliseconds);
  const timeout: Timeout = { over, passed: false, clear: () => clearTimeout(timer) };
  return timeout;
}

/** @throws {Problem} 400 if the reference is malformed. */
function readReference(reference: string, parameter: string): { name: string; digits: string | null } {
  try {
    return parseModelReference(reference);
  } catch (error) {
    throw Problem.ofParameters("invalid-parameter", [{ parameter, message: (error as Error).message }]);
  }
}
