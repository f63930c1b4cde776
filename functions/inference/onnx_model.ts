import type { InferenceSession, TensorConstructor } from "onnxruntime-web/wasm";
import { BrokenModelError } from "../../shared/broken_model_error.ts";
import type { LanguageModel } from "../../shared/language_model.ts";
import type { ModelCard } from "../../shared/model_card.ts";
import { Vocabulary } from "../../shared/vocabulary.ts";

/** A build of ONNX Runtime Web, and what of it computes. */
export interface OnnxRuntime {
  readonly InferenceSession: {
    create(onnx: Uint8Array, options: InferenceSession.SessionOptions): Promise<InferenceSession>;
  };
  readonly Tensor: TensorConstructor;
  readonly executionProvider: "wasm" | "webgpu";
}

/** A language model that holds memory of ONNX Runtime Web. */
export interface OpenedModel extends LanguageModel {
  /** Gives that memory back. The model must not be asked any more. */
  close(): Promise<void>;
}

/**
 * Opens an ONNX file as a language model. It is asked once, to see that it answers as its card promises. A run that fails
 * later rejects with a {@link BrokenModelError}.
 *
 * @param runtime What runs it, initialised by the caller.
 * @throws {Error} If the file is no model, or not one with the input, output and sizes of the card.
 */
export async function openOnnxModel(
  onnx: Uint8Array,
  card: Pick<ModelCard, "context_length" | "vocabulary"> & Partial<Pick<ModelCard, "parameters">>,
  runtime: OnnxRuntime,
): Promise<OpenedModel> {
  if (card.context_length === null) throw new Error("models without a context length are not served yet");
  const session = await runtime.InferenceSession.create(onnx, {
    executionProviders: [runtime.executionProvider],
    logSeverityLevel: 3, // errors; WebGPU would warn of each node that it leaves to the CPU
  });
  const model = new OnnxModel(
    runtime,
    session,
    card.context_length,
    new Vocabulary(card.vocabulary).size,
    card.parameters,
  );
  try {
    await requireDistribution(model);
  } catch (error) {
    await model.close();
    throw error;
  }
  return model;
}

/** @throws {Error} If what a model says of the beginning of a name is not a distribution over its tokens. */
async function requireDistribution(model: LanguageModel): Promise<void> {
  const row = await model.logProbs(new Int32Array(model.contextLength));
  const total = row.reduce((sum, logProb) => sum + Math.exp(logProb), 0);
  if (row.length === model.vocabularySize && Math.abs(total - 1) < 1e-3) return;
  throw new Error(
    `its output has ${row.length} log-probabilities that add up to ${total.toFixed(3)}; ` +
      `${model.vocabularySize} that add up to 1 were expected`,
  );
}

/** A language model over an ONNX session. The cache in front of it sees that it runs once at a time. */
class OnnxModel implements OpenedModel {
  readonly #runtime: OnnxRuntime;
  readonly #session: InferenceSession;

  constructor(
    runtime: OnnxRuntime,
    session: InferenceSession,
    readonly contextLength: number,
    readonly vocabularySize: number,
    readonly multiplications?: number, // each weight is multiplied with once, or, where it is looked up, not at all
  ) {
    this.#runtime = runtime;
    this.#session = session;
  }

  async logProbs(contexts: Int32Array<ArrayBuffer>): Promise<Float32Array> {
    const shape = [contexts.length / this.contextLength, this.contextLength];
    const context = new this.#runtime.Tensor("int64", widen(contexts), shape);
    const output = await this.#session.run({ context }).catch((error: Error) => {
      throw new BrokenModelError(error.message);
    });
    const data = output.log_probs?.data;
    if (data instanceof Float32Array) return data;
    throw new BrokenModelError("it has no output log_probs of type float32");
  }

  async close(): Promise<void> {
    // What ONNX Runtime gave up on already needs no release.
    await this.#session.release().catch(() => {});
  }
}

/** Token ids as int64: they are not negative, so each is its low word and a zero. */
function widen(tokens: Int32Array): BigInt64Array<ArrayBuffer> {
  const words = new Int32Array(tokens.length * 2);
  for (let i = 0; i < tokens.length; i++) words[2 * i] = tokens[i];
  return new BigInt64Array(words.buffer);
}
