import type { InferenceSession, Tensor, TensorConstructor } from "onnxruntime-web/wasm";
import { BrokenModelError } from "../../shared/broken_model_error.ts";
import type { LanguageModel, ModelState, StepOutput } from "../../shared/language_model.ts";
import type { ModelCard } from "../../shared/model_card.ts";
import { Vocabulary } from "../../shared/vocabulary.ts";
import { runAlone } from "./run_alone.ts";

/** A build of ONNX Runtime Web, and what of it computes. */
export interface OnnxRuntime {
  readonly InferenceSession: {
    create(onnx: Uint8Array, options: InferenceSession.SessionOptions): Promise<InferenceSession>;
  };
  readonly Tensor: TensorConstructor;
  readonly executionProvider: "wasm" | "webgpu";
  /** Whether a model is known to be as its card says, by the SHA-256 of the card's text. Default: none is. */
  hasTried?(sha256: string): boolean;
}

/** A language model that holds memory of ONNX Runtime Web. */
export interface OpenedModel extends LanguageModel {
  /** Gives that memory back. The model must not be asked any more. */
  close(): Promise<void>;
}

/** What of a card {@link openOnnxModel} needs. */
type OpenedCard =
  & Pick<ModelCard, "context_length" | "vocabulary" | "states">
  & Partial<Pick<ModelCard, "parameters" | "exact_passes">>;

/**
 * Opens an ONNX file as a language model, and takes one step with it to see that it answers as its card says. A run that
 * fails later rejects with a {@link BrokenModelError}.
 *
 * @param runtime ONNX Runtime Web, initialised.
 * @param tried Whether it is known to answer so, and no step is needed.
 * @throws {Error} If the file is not a model, or not one with the inputs, outputs and sizes of the card.
 */
export async function openOnnxModel(
  onnx: Uint8Array,
  card: OpenedCard,
  runtime: OnnxRuntime,
  tried = false,
): Promise<OpenedModel> {
  const session = await runtime.InferenceSession.create(onnx, {
    executionProviders: [runtime.executionProvider],
    logSeverityLevel: 3, // errors; WebGPU would warn of each node that it leaves to the CPU
  });
  const model = new OnnxModel(runtime, session, card);
  try {
    if (!tried) await requireDistribution(model);
  } catch (error) {
    await model.close();
    throw error;
  }
  return model;
}

/** @throws {Error} If what a model says of the beginning of a name is not a distribution over its tokens. */
async function requireDistribution(model: LanguageModel): Promise<void> {
  const past = model.states.map(({ shape }) => new Float32Array(sizeOf(shape, 0)));
  const { logProbs: row } = await model.step(new Int32Array(model.contextLength ?? 1), 1, past);
  const total = row.reduce((sum, logProb) => sum + Math.exp(logProb), 0);
  if (row.length === model.vocabularySize && Math.abs(total - 1) < 1e-3) return;
  throw new Error(
    `its output has ${row.length} log-probabilities that add up to ${total.toFixed(3)}; ` +
      `${model.vocabularySize} that add up to 1 were expected`,
  );
}

/** A language model over an ONNX session, which runs when no other session does. */
class OnnxModel implements OpenedModel {
  readonly vocabularySize: number;
  readonly contextLength: number | null;
  readonly states: readonly ModelState[];
  readonly exactPasses: boolean;
  /** Each weight is multiplied with once, or, where it is looked up, not at all. */
  readonly multiplications?: number;
  readonly #runtime: OnnxRuntime;
  readonly #session: InferenceSession;

  constructor(runtime: OnnxRuntime, session: InferenceSession, card: OpenedCard) {
    this.vocabularySize = new Vocabulary(card.vocabulary).size;
    this.contextLength = card.context_length;
    this.states = (card.states ?? []).map(({ name, shape: [, ...shape] }) => ({ name, shape }));
    // Tested for WebAssembly alone: a GPU adds up in another order.
    this.exactPasses = card.exact_passes === true && runtime.executionProvider === "wasm";
    this.multiplications = card.parameters;
    this.#runtime = runtime;
    this.#session = session;
  }

  async step(
    tokens: Int32Array<ArrayBuffer>,
    batch: number,
    past: readonly Float32Array[],
  ): Promise<StepOutput> {
    const { Tensor } = this.#runtime;
    const name = this.contextLength === null ? "tokens" : "context";
    const inputs: Record<string, Tensor> = {
      [name]: new Tensor("int64", widen(tokens), [batch, tokens.length / batch]),
    };
    this.states.forEach(({ name, shape }, i) => {
      const positions = past[i].length / (batch * sizeOf(shape, 1));
      const lengths = shape.map((length) => (length === "past" ? positions : length));
      inputs[`past.${name}`] = new Tensor("float32", past[i], [batch, ...lengths]);
    });
    const outputs = await runAlone(() => this.#session.run(inputs)).catch((error: Error) => {
      throw new BrokenModelError(error.message);
    });
    return {
      logProbs: float32Output(outputs, "log_probs"),
      present: this.states.map(({ name }) => float32Output(outputs, `present.${name}`)),
    };
  }

  async close(): Promise<void> {
    // What ONNX Runtime gave up on already needs no release.
    await this.#session.release().catch(() => {});
  }
}

/** How many numbers a state has for one beginning with so many positions before it. */
function sizeOf(shape: ModelState["shape"], positions: number): number {
  return shape.reduce<number>((size, length) => size * (length === "past" ? positions : length), 1);
}

/** @throws {BrokenModelError} If there is no such output. */
function float32Output(outputs: InferenceSession.OnnxValueMapType, name: string): Float32Array {
  const data = outputs[name]?.data;
  if (data instanceof Float32Array) return data;
  throw new BrokenModelError(`it has no output ${name} of type float32`);
}

/** Token ids as int64: they are not negative, so each is its low word and a zero. */
function widen(tokens: Int32Array): BigInt64Array<ArrayBuffer> {
  const words = new Int32Array(tokens.length * 2);
  for (let i = 0; i < tokens.length; i++) words[2 * i] = tokens[i];
  return new BigInt64Array(words.buffer);
}
