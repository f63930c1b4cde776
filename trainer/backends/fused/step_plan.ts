import { type Dropout, dropoutKey, dropoutScale, dropoutThreshold } from "../../dropout.ts";
import type { Kernel } from "./kernel.ts";
import { paddedRows, type RowOrder } from "./rows.ts";

/** Bytes of a float32 or an int32. */
export const WORD = 4;
/** Columns of the blocks that `kernel/matrix.ts` multiplies. Matrices are padded to whole blocks. */
const BLOCK_COLUMNS = 8;

/** A matrix in the kernel's memory, or a vector, which has one row. */
export class Region {
  /** In bytes; set when memory is laid out. */
  address = 0;
  /** Of a parameter that is trained: the address of its gradient. */
  gradient = 0;

  /** @param paddedRows Rows in memory, rounded up to whole blocks if a product of matrices reads them. */
  constructor(
    readonly rows: number,
    readonly columns: number,
    readonly paddedRows = rows,
    readonly paddedColumns = padded(columns),
  ) {}

  /** Bytes from one row to the next. */
  get stride(): number {
    return this.paddedColumns * WORD;
  }

  get bytes(): number {
    return this.paddedRows * this.stride;
  }
}

/**
 * The output of a layer and its gradient, with a row for each window of the mini-batch or each position of its words; or
 * with a row for each token of the vocabulary.
 */
export class Activation {
  /** Addresses, in bytes; set when memory is laid out for a mini-batch. */
  address = 0;
  gradient = 0;
  /** The backward passes of the layers that read it: the first writes its gradient, the others add to it. */
  readonly readers: ((run: StepRun, isFirst: boolean) => void)[] = [];
  /** The backward pass of the layer that computes it, if it is none of the {@link readers} of another. */
  origin?: Pass;

  /** Bytes from one row to the next. */
  readonly stride: number;

  constructor(
    readonly columns: number,
    /** What holds the values or the gradient of this one, because a layer works in place. */
    readonly inPlaceOf: { values?: Activation | Region; gradient?: Activation | Region } = {},
    /** Rows, if it has not one for each of the mini-batch. */
    readonly rows?: number,
  ) {
    this.stride = padded(columns) * WORD;
  }
}

/** A mini-batch in the kernel's memory. */
export interface StepRun {
  readonly kernel: Kernel;
  /** Rows: windows, or positions of words in the plan's order. */
  readonly batch: number;
  /** The same, rounded up to whole blocks. */
  readonly rows: number;
  /** Address of the tokens, int32 [batch, time]. */
  readonly tokens: number;
  /** Address of the targets, int32: one for each row, if rows are windows. */
  readonly targets: number;
  /** If rows are positions of words: address of the first target of each row, int32 [batch + 1]; else 0. */
  readonly firstTargets: number;
  /** How many targets the loss is the mean of. */
  readonly targetCount: number;
  /** If rows are positions of words: address of the positions, int32 [batch]. */
  readonly positions: number;
  /** If rows are positions of words: address of the row before each, int32 [batch]. */
  readonly parents: number;
  /** If rows are positions of words: address of the `groups` of `WordRows` in rows.ts, int32 [groupCount + 1]. */
  readonly groups: number;
  readonly groupCount: number;
  /** If the plan has dropout: address of the number of each row, int32 [batch]. */
  readonly numbers: number;
  /** The training step, from 0. */
  readonly step: number;
  /** It is no training step: normalization uses its buffers. */
  readonly evaluates: boolean;
}

/** A layer of batch normalization. */
export interface Normalization {
  /** Its input, and the names of its buffers. */
  readonly x: Activation;
  readonly names: Record<"mean" | "std", string>;
  /** How many layers are before it. */
  readonly layer: number;
}

/** A part of a forward or a backward pass. */
type Pass = (run: StepRun) => void;

/**
 * A training step as a sequence of layers. An architecture writes its forward pass with it, one layer a call; the backward
 * pass follows. A layer is a file of `kernel/` with its gradient and a method here.
 *
 * Shapes: b is the rows of a mini-batch. A network with a window has a row for each window, one that sees whole words a
 * row for each position of them: [batch, time] without the padding, and once where words begin alike, see {@link RowOrder}.
 *
 * @example
 * ```ts
 * import { StepPlan } from "./step_plan.ts";
 *
 * const plan = new StepPlan(3);
 * const x = plan.embedding("C", [27, 10], 3); // (b, 3) -> (b, 30)
 * const hidden = plan.tanh(plan.linear(x, 200, { weight: "W1", bias: "b1" })); // (b, 200)
 * plan.crossEntropy(plan.linear(hidden, 27, { weight: "W2", bias: "b2" })); // (b, 27)
 * ```
 */
export class StepPlan {
  /** Parameters of two dimensions. */
  readonly matrices: Record<string, Region> = {};
  /** Parameters of one dimension; weight decay leaves them alone. */
  readonly vectors: Record<string, Region> = {};
  /** Statistics that are not trained. */
  readonly buffers: Record<string, Region> = {};
  /** Memory for what the layers need beside their activations. */
  readonly scratch: Region[] = [];
  /** In the order in which they are computed. */
  readonly activations: Activation[] = [];
  /** Tokens of a row. */
  time = 0;
  /** The order of the rows, if they are positions of words. A layer that works along words sets it. */
  rowOrder: RowOrder = "by word";
  /** In the order in which they are computed. */
  readonly normalizations: Normalization[] = [];
  readonly #forward: Pass[] = [];
  readonly #afterBackward: Pass[] = [];
  readonly #dropout: Dropout;
  #dropoutLayers = 0;
  /** Room for {@link attention} along a word, by its columns. */
  readonly #paths = new Map<number, Activation>();
  #logits?: Activation;
  #loss: (run: StepRun) => number = () => NaN;

  /**
   * @param contextLength Of the network: null if it sees whole words.
   * @param dropout Default: none, as in an evaluation.
   */
  constructor(readonly contextLength: number | null, dropout: Dropout = { share: 0, seed: 0 }) {
    this.#dropout = dropout;
  }

  /** Whether {@link dropout} does anything. */
  get dropsOut(): boolean {
    return this.#dropout.share > 0;
  }

  /**
   * Whether words that begin alike share rows: not if a layer depends on how often a row occurs, nor if dropout makes them
   * differ.
   */
  get sharesRows(): boolean {
    return this.normalizations.length === 0 && !this.dropsOut;
  }

  /** Looks up an embedding for each token: (b, time) -> (b, time * size). */
  embedding(table: string, [vocabularySize, size]: [number, number], time: number): Activation {
    this.time = time;
    const C = this.matrices[table] = new Region(vocabularySize, size, vocabularySize, size);
    const out = this.#activation(time * size);
    this.#forward.push(({ kernel, batch, tokens }) =>
      kernel.embedding(out.address, out.stride, C.address, tokens, batch, time, size)
    );
    out.origin = ({ kernel, batch, tokens }) =>
      kernel.embeddingGradient(
        C.gradient,
        out.gradient,
        out.stride,
        tokens,
        batch,
        time,
        size,
        vocabularySize,
      );
    return out;
  }

  /** A table of embeddings, (V, size), as an activation: layers before {@link lookUp} are computed once for each token. */
  table(name: string, [vocabularySize, size]: [number, number]): Activation {
    const C = this.matrices[name] = new Region(vocabularySize, size, paddedRows(vocabularySize));
    return this.#activation(size, { values: C, gradient: C }, vocabularySize);
  }

  /** Looks up the row of each token: (b, 1), (V, columns) -> (b, columns). */
  lookUp(table: Activation): Activation {
    this.time = 1;
    const out = this.#activation(table.columns);
    const size = out.stride / WORD;
    this.#forward.push(({ kernel, batch, tokens }) =>
      kernel.embedding(out.address, out.stride, table.address, tokens, batch, 1, size)
    );
    requireUnread(table).readers.push(({ kernel, batch, tokens }) =>
      kernel.embeddingGradient(
        table.gradient,
        out.gradient,
        out.stride,
        tokens,
        batch,
        1,
        size,
        table.rows!,
      )
    );
    return out;
  }

  /**
   * A linear layer, x W + b: (b, in) -> (b, columns).
   *
   * @param plus What is added before the bias, (b, columns). It is overwritten, and returned.
   */
  linear(
    x: Activation,
    columns: number,
    { weight, bias, plus }: { weight: string; bias?: string; plus?: Activation },
  ): Activation {
    const W = this.matrices[weight] = new Region(x.columns, columns, padded(x.columns));
    const b = bias === undefined ? undefined : this.vectors[bias] = new Region(1, columns);
    return this.#product(x, W, () => W.gradient, b, plus);
  }

  /**
   * A linear layer whose weight is a table of embeddings, transposed: x C^T + b: (b, size) -> (b, V).
   *
   * @param names The table, which {@link table} placed, and the bias.
   */
  tiedLinear(x: Activation, names: { table: string; bias?: string }): Activation {
    const C = this.matrices[names.table];
    const V = C.rows;
    const W = this.#scratch(new Region(x.columns, V, padded(x.columns)));
    const dW = this.#scratch(new Region(x.columns, V, padded(x.columns)));
    const dC = this.#scratch(new Region(V, x.columns, padded(V)));
    const b = names.bias === undefined ? undefined : this.vectors[names.bias] = new Region(1, V);
    this.#forward.push(({ kernel }) =>
      kernel.transpose(W.address, W.stride, C.address, C.stride, C.paddedRows, C.paddedColumns)
    );
    this.#afterBackward.push(({ kernel }) => {
      kernel.transpose(dC.address, dC.stride, dW.address, dW.stride, dW.paddedRows, dW.paddedColumns);
      kernel.addRow(C.gradient, C.bytes, dC.address, 1);
    });
    return this.#product(x, W, () => dW.address, b);
  }

  /**
   * Batch normalization with the mini-batch's own statistics: (b, columns) -> (b, columns). Overwrites x.
   *
   * @param momentum How much of the running mean and std, which are buffers, becomes the mini-batch's in a step.
   */
  batchNormalization(
    x: Activation,
    names: Record<"gain" | "shift" | "mean" | "std", string>,
    momentum: number,
  ): Activation {
    const gain = this.vectors[names.gain] = new Region(1, x.columns);
    const shift = this.vectors[names.shift] = new Region(1, x.columns);
    const mean = this.buffers[names.mean] = new Region(1, x.columns);
    const std = this.buffers[names.std] = new Region(1, x.columns);
    const batchStd = this.#scratch(new Region(1, x.columns));
    const out = this.#activation(x.columns, { gradient: requireUnread(x) });
    this.normalizations.push({ x, names, layer: this.#forward.length });
    this.#forward.push(({ kernel, batch, evaluates }) => {
      const parameters = [gain.address, shift.address, mean.address, std.address] as const;
      if (evaluates) kernel.normalize(out.address, x.address, x.stride, ...parameters, batch);
      else {
        kernel.batchNormalization(
          out.address,
          x.address,
          x.stride,
          ...parameters,
          batchStd.address,
          momentum,
          batch,
        );
      }
    });
    x.readers.push(({ kernel, batch }) =>
      kernel.batchNormalizationGradient(
        gain.gradient,
        shift.gradient,
        x.gradient,
        x.address,
        x.stride,
        gain.address,
        batchStd.address,
        batch,
      )
    );
    return out;
  }

  /**
   * A gated recurrent unit: see `kernel/gru.ts`.
   *
   * @param inputs The input's part of each gate, (b, h), which is overwritten.
   * @param start The name of the hidden layer before the first position, (h).
   * @param weights The names of the recurrent weights of each gate, (h, h).
   * @returns (b, h)
   */
  gru(
    inputs: Record<"z" | "r" | "c", Activation>,
    start: string,
    weights: Record<"z" | "r" | "c", string>,
  ): Activation {
    this.rowOrder = "by time";
    const h = inputs.z.columns;
    const h0 = this.vectors[start] = new Region(1, h);
    const zeros = this.#scratch(new Region(1, h));
    const [z, r, c] = (["z", "r", "c"] as const).map((gate) => {
      const input = requireUnread(inputs[gate]);
      input.inPlaceOf.gradient = input;
      return {
        input,
        U: this.matrices[weights[gate]] = new Region(h, h, padded(h)),
        transposed: this.#scratch(new Region(h, h, padded(h))),
      };
    });
    const previous = this.#activation(h);
    const reset = this.#activation(h, { gradient: previous });
    const out = this.#activation(h);
    this.#forward.push(({ kernel, parents, groups, groupCount }) =>
      kernel.gru(
        out.address,
        z.input.address,
        r.input.address,
        c.input.address,
        previous.address,
        reset.address,
        h0.address,
        z.U.address,
        r.U.address,
        c.U.address,
        parents,
        groups,
        groupCount,
        out.stride,
        h,
      )
    );
    out.origin = ({ kernel, parents, groups, groupCount }) =>
      kernel.gruGradient(
        out.gradient,
        z.input.address,
        r.input.address,
        c.input.address,
        previous.address,
        reset.address,
        h0.gradient,
        z.U.address,
        r.U.address,
        c.U.address,
        z.U.gradient,
        r.U.gradient,
        c.U.gradient,
        z.transposed.address,
        r.transposed.address,
        c.transposed.address,
        previous.gradient,
        zeros.address,
        parents,
        groups,
        groupCount,
        out.stride,
        h,
      );
    return out;
  }

  /**
   * Adds to each row the embedding of its position, which later positions share with the last one: (b, columns) ->
   * (b, columns). Overwrites x. The number of columns is a multiple of eight.
   */
  positions(x: Activation, table: string, count: number): Activation {
    const P = this.matrices[table] = new Region(count, x.columns);
    const out = this.#activation(x.columns, { values: requireUnread(x), gradient: x });
    this.#forward.push(({ kernel, batch, positions }) =>
      kernel.addPositions(out.address, out.stride, P.address, positions, batch, count)
    );
    x.readers.push(({ kernel, batch, positions }) =>
      kernel.addPositionsGradient(P.gradient, out.gradient, out.stride, positions, batch, count)
    );
    return out;
  }

  /**
   * Layer normalization of each row: (b, columns) -> (b, columns). The number of columns is a multiple of eight. It keeps what
   * its gradient needs, so a later layer may overwrite x.
   */
  layerNormalization(x: Activation, names: Record<"gain" | "shift", string>): Activation {
    const gain = this.vectors[names.gain] = new Region(1, x.columns);
    const shift = this.vectors[names.shift] = new Region(1, x.columns);
    const normalized = this.#values(x.columns);
    const deviations = this.#values(1);
    const out = this.#activation(x.columns);
    this.#forward.push(({ kernel, batch }) =>
      kernel.layerNormalization(
        out.address,
        normalized.address,
        deviations.address,
        deviations.stride,
        x.address,
        x.stride,
        gain.address,
        shift.address,
        batch,
      )
    );
    x.readers.push(({ kernel, batch }, isFirst) =>
      kernel.layerNormalizationGradient(
        gain.gradient,
        shift.gradient,
        x.gradient,
        isFirst,
        out.gradient,
        normalized.address,
        deviations.address,
        deviations.stride,
        x.stride,
        gain.address,
        batch,
      )
    );
    return out;
  }

  /**
   * Causal attention of several heads along words: (b, 3 * m) -> (b, m). The size of a head is a multiple of four, and m one
   * of eight.
   *
   * @param qkv Query, key and value of each position, each the heads' side by side.
   */
  attention(qkv: Activation, heads: number): Activation {
    this.rowOrder = "by word";
    const maxima = this.#values(2 * heads);
    const out = this.#activation(qkv.columns / 3);
    // Keys and values of one word, and their gradients: layers take turns.
    const path = this.#paths.get(out.columns) ?? this.#activation(2 * out.columns);
    this.#paths.set(out.columns, path);
    const bytes = out.stride / heads;
    this.#forward.push(({ kernel, positions, groups, groupCount }) =>
      kernel.attention(
        out.address,
        out.stride,
        maxima.address,
        maxima.stride,
        qkv.address,
        qkv.stride,
        path.address,
        positions,
        groups,
        groupCount,
        heads,
        bytes,
      )
    );
    requireUnread(qkv).readers.push(({ kernel, positions, parents, groups, groupCount }) =>
      kernel.attentionGradient(
        qkv.gradient,
        qkv.address,
        qkv.stride,
        out.gradient,
        out.address,
        out.stride,
        maxima.address,
        maxima.stride,
        path.address,
        path.gradient,
        positions,
        parents,
        groups,
        groupCount,
        heads,
        bytes,
      )
    );
    return out;
  }

  /**
   * A residual connection around a linear layer and dropout, x + dropout(y W + b): (b, columns), (b, in) -> (b, columns).
   * Overwrites x, whose other readers are layers that keep what their gradient needs: {@link layerNormalization}.
   */
  residual(x: Activation, y: Activation, names: { weight: string; bias: string }): Activation {
    const branch = this.dropsOut ? this.linear(y, x.columns, names) : undefined;
    const out = this.#activation(x.columns, { values: x, gradient: x });
    if (branch) {
      const apply = this.#nextDropout();
      this.#forward.push((run) => apply(run, out.address, branch.address, out.stride, true));
      branch.readers.push((run) => apply(run, branch.gradient, out.gradient, out.stride));
    } else this.linear(y, x.columns, { ...names, plus: out });
    // The gradient of the sum is the first one of x, and already there.
    x.readers.unshift(() => {});
    return out;
  }

  /** Dropout: (b, columns) -> (b, columns). Without dropout it returns x itself. */
  dropout(x: Activation): Activation {
    if (!this.dropsOut) return x;
    const apply = this.#nextDropout();
    const out = this.#activation(x.columns, { gradient: requireUnread(x) });
    this.#forward.push((run) => apply(run, out.address, x.address, x.stride));
    x.readers.push((run) => apply(run, x.gradient, out.gradient, x.stride));
    return out;
  }

  /** The Gaussian error linear unit of each element: (b, columns) -> (b, columns). Overwrites x with its slope. */
  gelu(x: Activation): Activation {
    const out = this.#activation(x.columns, { gradient: requireUnread(x) });
    this.#forward.push(({ kernel, batch }) => kernel.gelu(out.address, x.address, batch * x.stride));
    x.readers.push(({ kernel, batch }) => kernel.geluGradient(x.gradient, x.address, batch * x.stride));
    return out;
  }

  /** The hyperbolic tangent of each element: (b, columns) -> (b, columns). Overwrites x. */
  tanh(x: Activation): Activation {
    const out = this.#activation(x.columns, { values: requireUnread(x), gradient: x });
    this.#forward.push(({ kernel, batch }) => kernel.tanhInPlace(out.address, batch * out.stride));
    x.readers.push(({ kernel, batch }) => kernel.tanhGradient(x.gradient, out.address, batch * out.stride));
    return out;
  }

  /**
   * The loss: the mean cross-entropy of logits, (b, vocabulary size), over the rows that have a target, in nats. Overwrites
   * them with their gradient.
   */
  crossEntropy(logits: Activation): void {
    requireUnread(logits).inPlaceOf.gradient = logits;
    this.#logits = logits;
    this.#loss = ({ kernel, batch, targets, firstTargets, targetCount }) =>
      kernel.crossEntropy(
        logits.address,
        logits.stride,
        targets,
        firstTargets,
        targetCount,
        batch,
        logits.columns,
      );
  }

  /** Computes the layers before one, or all. */
  forward(run: StepRun, { layer }: Pick<Normalization, "layer"> = { layer: this.#forward.length }): void {
    for (let i = 0; i < layer; i++) this.#forward[i](run);
  }

  /** Computes the log-probabilities of all classes, (b, vocabulary size), in place of the logits. */
  logProbs(run: StepRun): Activation {
    if (!this.#logits) throw new TypeError("Cannot compute log-probabilities: the plan has no cross-entropy");
    const { address, stride, columns } = this.#logits;
    this.forward(run);
    run.kernel.logSoftmaxInPlace(address, stride, run.batch, columns);
    return this.#logits;
  }

  /** Computes the loss of a mini-batch, or its part of it, in nats, and the gradients of all parameters. */
  lossAndGradients(run: StepRun): number {
    this.forward(run);
    const loss = this.#loss(run);
    for (let i = this.activations.length - 1; i >= 0; i--) {
      const { readers, origin } = this.activations[i];
      for (let reader = 0; reader < readers.length; reader++) readers[reader](run, reader === 0);
      origin?.(run);
    }
    for (const pass of this.#afterBackward) pass(run);
    return loss;
  }

  /** x W + b, or x W + b + plus. */
  #product(
    x: Activation,
    W: Region,
    gradientOfW: () => number,
    b: Region | undefined,
    plus?: Activation,
  ): Activation {
    const { columns } = W;
    const transposed = this.#scratch(new Region(columns, x.columns, padded(columns)));
    const zeros = this.#scratch(new Region(1, Math.max(x.columns, columns)));
    const out = plus ? requireUnread(plus) : this.#activation(columns, {}, x.rows);
    if (plus && b) {
      this.#forward.push(({ kernel, batch }) => kernel.addRow(out.address, out.stride, b.address, batch));
    }
    this.#forward.push(({ kernel, rows }) =>
      kernel.linear(
        out.address,
        out.stride,
        x.address,
        x.stride,
        W.address,
        plus ? out.address : (b ?? zeros).address,
        plus ? out.stride : 0,
        x.rows === undefined ? rows : paddedRows(x.rows),
        W.paddedColumns,
        x.columns,
      )
    );
    x.readers.push(({ kernel, batch, rows }, isFirst) =>
      kernel.linearGradient(
        gradientOfW(),
        b?.gradient ?? 0,
        x.gradient,
        isFirst ? zeros.address : x.gradient,
        isFirst ? 0 : x.stride,
        x.address,
        x.stride,
        W.address,
        transposed.address,
        out.gradient,
        out.stride,
        x.rows ?? batch,
        x.rows === undefined ? rows : paddedRows(x.rows),
        transposed.paddedColumns,
        W.paddedColumns,
        columns,
      )
    );
    return out;
  }

  /** The next layer of dropout: writes the elements at `x` that it keeps to `out`, or adds them there. */
  #nextDropout(): (run: StepRun, out: number, x: number, stride: number, adds?: boolean) => void {
    const layer = this.#dropoutLayers++;
    const threshold = dropoutThreshold(this.#dropout);
    const scale = dropoutScale(this.#dropout);
    return ({ kernel, batch, numbers, step }, out, x, stride, adds = false) => {
      const key = dropoutKey(this.#dropout, step, layer);
      kernel.dropout(out, x, adds, stride, numbers, batch, key, threshold, scale);
    };
  }

  #activation(columns: number, inPlaceOf: Activation["inPlaceOf"] = {}, rows?: number): Activation {
    const activation = new Activation(columns, inPlaceOf, rows);
    this.activations.push(activation);
    return activation;
  }

  /** An activation without a gradient: what a layer keeps for its backward pass. */
  #values(columns: number): Activation {
    const values = this.#activation(columns);
    values.inPlaceOf.gradient = values;
    return values;
  }

  #scratch(region: Region): Region {
    this.scratch.push(region);
    return region;
  }
}

/** A number of columns, or of rows that become columns when transposed, rounded up to whole blocks. */
function padded(size: number): number {
  return Math.ceil(size / BLOCK_COLUMNS) * BLOCK_COLUMNS;
}

/** An activation that may be overwritten, because no layer has read it. */
function requireUnread(activation: Activation): Activation {
  if (activation.readers.length === 0) return activation;
  throw new TypeError("Cannot compute a layer in place: another layer reads its input");
}
