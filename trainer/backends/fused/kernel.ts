/** The functions of `kernel/kernel.ts`, which describes them. Addresses and strides are bytes in {@link memory}. */
export interface Kernel {
  readonly memory: WebAssembly.Memory;
  /** Address of the first free byte of memory. */
  readonly heapBase: { readonly value: number };
  embedding(
    out: number,
    outStride: number,
    table: number,
    tokens: number,
    batch: number,
    time: number,
    size: number,
  ): void;
  embeddingGradient(
    dTable: number,
    dOut: number,
    outStride: number,
    tokens: number,
    batch: number,
    time: number,
    size: number,
    vocabularySize: number,
  ): void;
  linear(
    out: number,
    outStride: number,
    x: number,
    xStride: number,
    weight: number,
    initial: number,
    initialStride: number,
    rows: number,
    columns: number,
    terms: number,
  ): void;
  linearGradient(
    dWeight: number,
    dBias: number,
    dx: number,
    dxInitial: number,
    dxInitialStride: number,
    x: number,
    xStride: number,
    weight: number,
    transposed: number,
    dOut: number,
    outStride: number,
    batch: number,
    rows: number,
    inputs: number,
    columns: number,
    terms: number,
  ): void;
  batchNormalization(
    out: number,
    x: number,
    stride: number,
    gain: number,
    shift: number,
    runningMean: number,
    runningStd: number,
    batchStd: number,
    momentum: number,
    batch: number,
  ): void;
  normalize(
    out: number,
    x: number,
    stride: number,
    gain: number,
    shift: number,
    mean: number,
    std: number,
    batch: number,
  ): void;
  batchNormalizationGradient(
    dGain: number,
    dShift: number,
    d: number,
    normalized: number,
    stride: number,
    gain: number,
    batchStd: number,
    batch: number,
  ): void;
  gru(
    out: number,
    z: number,
    r: number,
    c: number,
    previous: number,
    reset: number,
    start: number,
    weightZ: number,
    weightR: number,
    weightC: number,
    parents: number,
    groups: number,
    times: number,
    stride: number,
    size: number,
  ): void;
  gruGradient(
    dOut: number,
    z: number,
    r: number,
    c: number,
    previous: number,
    reset: number,
    dStart: number,
    weightZ: number,
    weightR: number,
    weightC: number,
    dWeightZ: number,
    dWeightR: number,
    dWeightC: number,
    transposedZ: number,
    transposedR: number,
    transposedC: number,
    dPrevious: number,
    zeros: number,
    parents: number,
    groups: number,
    times: number,
    stride: number,
    size: number,
  ): void;
  addPositions(
    out: number,
    stride: number,
    table: number,
    positions: number,
    batch: number,
    count: number,
  ): void;
  addPositionsGradient(
    dTable: number,
    dOut: number,
    stride: number,
    positions: number,
    batch: number,
    count: number,
  ): void;
  transpose(
    out: number,
    outStride: number,
    a: number,
    aStride: number,
    rows: number,
    columns: number,
  ): void;
  addRow(out: number, stride: number, row: number, batch: number): void;
  attention(
    out: number,
    stride: number,
    maxima: number,
    maximaStride: number,
    qkv: number,
    qkvStride: number,
    path: number,
    positions: number,
    words: number,
    count: number,
    heads: number,
    bytes: number,
  ): void;
  attentionGradient(
    dQkv: number,
    qkv: number,
    qkvStride: number,
    dOut: number,
    out: number,
    stride: number,
    maxima: number,
    maximaStride: number,
    path: number,
    dPath: number,
    positions: number,
    parents: number,
    words: number,
    count: number,
    heads: number,
    bytes: number,
  ): void;
  gelu(out: number, x: number, bytes: number): void;
  geluGradient(dx: number, slope: number, bytes: number): void;
  layerNormalization(
    out: number,
    normalized: number,
    deviations: number,
    deviationsStride: number,
    x: number,
    stride: number,
    gain: number,
    shift: number,
    batch: number,
  ): void;
  layerNormalizationGradient(
    dGain: number,
    dShift: number,
    dx: number,
    isFirst: boolean,
    dOut: number,
    normalized: number,
    deviations: number,
    deviationsStride: number,
    stride: number,
    gain: number,
    batch: number,
  ): void;
  dropout(
    out: number,
    x: number,
    adds: boolean,
    stride: number,
    numbers: number,
    batch: number,
    key: number,
    threshold: number,
    scale: number,
  ): void;
  tanhInPlace(x: number, bytes: number): void;
  tanhGradient(dx: number, y: number, bytes: number): void;
  crossEntropy(
    logits: number,
    stride: number,
    targets: number,
    firstTargets: number,
    targetCount: number,
    batch: number,
    columns: number,
  ): number;
  logSoftmaxInPlace(logits: number, stride: number, batch: number, columns: number): void;
  sgd(begin: number, end: number, toGradient: number, rate: number, keep: number): void;
  momentum(
    begin: number,
    end: number,
    toGradient: number,
    rate: number,
    keep: number,
    toVelocity: number,
  ): void;
  adam(
    begin: number,
    end: number,
    toGradient: number,
    rate: number,
    keep: number,
    toMean: number,
    toVariance: number,
    beta2: number,
    meanCorrection: number,
    varianceCorrection: number,
  ): void;
  sumOfSquares(begin: number, end: number): number;
  scale(begin: number, end: number, factor: number): void;
}
