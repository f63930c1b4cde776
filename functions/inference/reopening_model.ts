import { BrokenModelError } from "../../shared/broken_model_error.ts";
import type { LanguageModel, ModelState, StepOutput } from "../../shared/language_model.ts";
import type { OpenedModel } from "./onnx_model.ts";

/**
 * A model that may be closed at any time, also while requests use it: the next step opens it again. So memory can be given back
 * without knowing who still has the model.
 */
export class ReopeningModel implements OpenedModel {
  readonly vocabularySize: number;
  readonly contextLength: number | null;
  readonly states: readonly ModelState[];
  readonly exactPasses?: boolean;
  readonly multiplications?: number;
  readonly #open: () => Promise<OpenedModel>;
  readonly #onStep: () => void;
  #opened: Promise<OpenedModel> | null;
  /** The last step. */
  #running: Promise<unknown> = Promise.resolve();

  /**
   * @param opened The model, open.
   * @param open Opens it again.
   * @param onStep Called before each step.
   */
  constructor(opened: OpenedModel, open: () => Promise<OpenedModel>, onStep: () => void) {
    this.vocabularySize = opened.vocabularySize;
    this.contextLength = opened.contextLength;
    this.states = opened.states;
    this.exactPasses = opened.exactPasses;
    this.multiplications = opened.multiplications;
    this.#opened = Promise.resolve(opened);
    this.#open = open;
    this.#onStep = onStep;
  }

  async step(...input: Parameters<LanguageModel["step"]>): Promise<StepOutput> {
    this.#onStep();
    const opened = this.#opened ??= this.#reopen();
    const running = opened.then((model) => model.step(...input));
    this.#running = running.catch(() => {});
    return await running;
  }

  /** Gives its memory back, after a step that is running. */
  async close(): Promise<void> {
    const opened = this.#opened;
    this.#opened = null;
    await this.#running;
    await (await opened?.catch(() => null))?.close();
  }

  async #reopen(): Promise<OpenedModel> {
    try {
      return await this.#open();
    } catch (error) {
      throw new BrokenModelError((error as Error).message);
    }
  }
}
