import { create, toBinary } from "@bufbuild/protobuf";
import {
  type AttributeProto,
  AttributeProto_AttributeType,
  AttributeProtoSchema,
  GraphProtoSchema,
  ModelProtoSchema,
  type NodeProto,
  NodeProtoSchema,
  OperatorSetIdProtoSchema,
  StringStringEntryProtoSchema,
  type TensorProto,
  TensorProto_DataType,
  TensorProtoSchema,
  TensorShapeProto_DimensionSchema,
  TensorShapeProtoSchema,
  TypeProto_TensorSchema,
  TypeProtoSchema,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from "onnx-buf";
import type { Parameter } from "../parameters.ts";

/** Version of the ONNX operator set. */
export const OPSET_VERSION = 17;
/** Version of the file format that came with it, in ONNX 1.12. */
const IR_VERSION = 8;

/** Element types of tensors. */
export type ElementType = "float32" | "int64" | "bool";

const DATA_TYPES = {
  float32: TensorProto_DataType.FLOAT,
  int64: TensorProto_DataType.INT64,
  bool: TensorProto_DataType.BOOL,
} as const;

/** An edge of a graph: a tensor of a known element type. */
export interface Value<Type extends ElementType> {
  readonly name: string;
  readonly type: Type;
}

/** A dimension of an input or output: a number, or a name if it is known only when the graph runs. */
export type Dimension = number | string;

/** An attribute of an operator: an integer, a list of integers, a list of float32, or a text. */
export type Attribute = number | readonly number[] | Float32Array | string;

/**
 * Builds an ONNX graph, one operator a call. Each call returns the value that the operator computes, so a graph reads like
 * the forward pass. The common operators have methods of their own; {@link operator} adds any other.
 *
 * @example
 * ```ts
 * import { GraphBuilder } from "./graph.ts";
 *
 * const graph = new GraphBuilder("double");
 * const x = graph.input("x", "float32", ["batch", 2]);
 * const weight = graph.parameter("W", { shape: [2, 2], values: Float32Array.of(2, 0, 0, 2) });
 * const bias = graph.parameter("b", { shape: [2], values: new Float32Array(2) });
 * graph.output("y", graph.gemm(x, weight, bias), ["batch", 2]);
 * const bytes = graph.toBytes({ note: "kept in the file's metadata" });
 * ```
 */
export class GraphBuilder {
  readonly #nodes: NodeProto[] = [];
  readonly #initializers: TensorProto[] = [];
  readonly #inputs: ValueInfoProto[] = [];
  readonly #outputs: ValueInfoProto[] = [];

  /** @param name The graph's name, shown by viewers. */
  constructor(readonly name: string) {}

  /** Declares an input. */
  input<Type extends ElementType>(name: string, type: Type, shape: Dimension[]): Value<Type> {
    this.#inputs.push(valueInfo(name, type, shape));
    return { name, type };
  }

  /** Adds a float32 tensor of trained values. */
  parameter(name: string, { shape, values }: Parameter): Value<"float32"> {
    return this.#initializer(name, "float32", shape, values);
  }

  /** Adds a number, as a vector of one. It is not an initializer, as the parameters are. */
  number(value: number): Value<"float32"> {
    return this.#node("Constant", "float32", [], { value_floats: Float32Array.of(value) });
  }

  /** Adds an integer, as a scalar. */
  integer(value: number): Value<"int64"> {
    return this.#node("Constant", "int64", [], { value_int: value });
  }

  /** Adds a vector of integers. */
  constant(values: number[]): Value<"int64"> {
    const name = `constant_${this.#initializers.length}`;
    return this.#initializer(name, "int64", [values.length], BigInt64Array.from(values, BigInt));
  }

  /** Rows of a table by index: [...indices' shape, ...the table's shape without its first axis]. */
  gather(table: Value<"float32">, indices: Value<"int64">): Value<"float32"> {
    return this.#node("Gather", "float32", [table, indices], { axis: 0 });
  }

  /** The same values in another shape; one size may be -1, and is then computed from the others. */
  reshape(value: Value<"float32">, shape: number[]): Value<"float32"> {
    return this.#node("Reshape", "float32", [value, this.constant(shape)]);
  }

  /** The sum of two values, with broadcasting. */
  add<Type extends ElementType>(a: Value<Type>, b: Value<Type>): Value<Type> {
    return this.#node("Add", a.type, [a, b]);
  }

  /** The product of two values element by element, with broadcasting. */
  mul(a: Value<"float32">, b: Value<"float32">): Value<"float32"> {
    return this.#node("Mul", "float32", [a, b]);
  }

  /** The sum along an axis, which is removed. */
  sum(value: Value<"float32">, axis: number): Value<"float32"> {
    return this.#node("ReduceSum", "float32", [value, this.constant([axis])], { keepdims: 0 });
  }

  /** The sum of values of one shape, element by element. */
  sumOf(values: Value<"float32">[]): Value<"float32"> {
    return this.#node("Sum", "float32", values);
  }

  /** Matrix product, with broadcasting of the leading axes: [..., a, b] by [..., b, c] is [..., a, c]. */
  matMul(a: Value<"float32">, b: Value<"float32">): Value<"float32"> {
    return this.#node("MatMul", "float32", [a, b]);
  }

  /** x W + b: [batch, in] by [in, out] plus [out]. */
  gemm(x: Value<"float32">, weight: Value<"float32">, bias: Value<"float32">): Value<"float32"> {
    return this.#node("Gemm", "float32", [x, weight, bias]);
  }

  /** The hyperbolic tangent of each element. */
  tanh(x: Value<"float32">): Value<"float32"> {
    return this.#node("Tanh", "float32", [x]);
  }

  /** 1 / (1 + exp(-x)) of each element. */
  sigmoid(x: Value<"float32">): Value<"float32"> {
    return this.#node("Sigmoid", "float32", [x]);
  }

  /** The larger of each element and 0. */
  relu(x: Value<"float32">): Value<"float32"> {
    return this.#node("Relu", "float32", [x]);
  }

  /** The axes in another order: axis i of the result is axis `order[i]` of the value. */
  transpose(x: Value<"float32">, order: number[]): Value<"float32"> {
    return this.#node("Transpose", "float32", [x], { perm: order });
  }

  /** Values one after the other along an axis. */
  concat<Type extends ElementType>(values: Value<Type>[], axis: number): Value<Type> {
    return this.#node("Concat", values[0].type, values, { axis });
  }

  /** A value in equal parts along an axis. */
  split(x: Value<"float32">, parts: number, axis: number): Value<"float32">[] {
    return this.operator("Split", new Array<"float32">(parts).fill("float32"), [x], { axis });
  }

  /** The length of an axis, as a vector of one. */
  axis(x: Value<ElementType>, axis: number): Value<"int64"> {
    return this.#node("Shape", "int64", [x], { start: axis, end: axis + 1 });
  }

  /** The length of an axis, as a scalar. */
  length(x: Value<ElementType>, axis: number): Value<"int64"> {
    return this.scalar(this.axis(x, axis));
  }

  /** A vector of one as a scalar. */
  scalar(x: Value<"int64">): Value<"int64"> {
    return this.#node("Squeeze", "int64", [x]);
  }

  /** The integers from one scalar to below another, in steps of a third. */
  range(start: Value<"int64">, end: Value<"int64">, step: Value<"int64">): Value<"int64"> {
    return this.#node("Range", "int64", [start, end, step]);
  }

  /** The remainder of a division, with the sign of the divisor. */
  mod(x: Value<"int64">, divisor: Value<"int64">): Value<"int64"> {
    return this.#node("Mod", "int64", [x, divisor]);
  }

  /** The values with the opposite sign. */
  neg(x: Value<"int64">): Value<"int64"> {
    return this.#node("Neg", "int64", [x]);
  }

  /** exp(x) / sum(exp(x)) along the last axis. */
  softmax(x: Value<"float32">): Value<"float32"> {
    return this.#node("Softmax", "float32", [x], { axis: -1 });
  }

  /** Normalization along the last axis: gain (x - mean) / sqrt(variance + 1e-5) + shift. */
  layerNormalization(
    x: Value<"float32">,
    gain: Value<"float32">,
    shift: Value<"float32">,
  ): Value<"float32"> {
    return this.#node("LayerNormalization", "float32", [x, gain, shift], { axis: -1 });
  }

  /** Log-probabilities from logits: x - ln(sum(exp(x))) along the last axis. */
  logSoftmax(x: Value<"float32">): Value<"float32"> {
    return this.#node("LogSoftmax", "float32", [x], { axis: -1 });
  }

  /**
   * Adds an operator that has no method of its own.
   *
   * @param types Element type of each output.
   * @param inputs In the operator's order; null leaves an optional input out.
   * @returns The outputs.
   */
  operator<Types extends readonly ElementType[]>(
    opType: string,
    types: readonly [...Types],
    inputs: readonly (Value<ElementType> | null)[],
    attributes: Readonly<Record<string, Attribute>> = {},
  ): { [Index in keyof Types]: Value<Types[Index]> } {
    // Initializers of integers are called constant_N.
    const kind = opType === "Constant" ? "number" : opType.toLowerCase();
    const name = `${kind}_${this.#nodes.length}`;
    const outputs = types.map((type, i) => ({ name: i === 0 ? name : `${name}_${i}`, type }));
    this.#nodes.push(create(NodeProtoSchema, {
      name,
      opType,
      input: inputs.map((input) => input?.name ?? ""),
      output: outputs.map((output) => output.name),
      attribute: Object.entries(attributes).map(attributeProto),
    }));
    return outputs as { [Index in keyof Types]: Value<Types[Index]> };
  }

  /** Declares a computed value as an output, and renames it. */
  output(name: string, value: Value<ElementType>, shape: Dimension[]): void {
    const producer = this.#nodes.find((node) => node.output.includes(value.name));
    if (!producer) throw new TypeError(`Cannot output ${name}: no operator computes ${value.name}`);
    const rename = (names: string[]) => names.map((other) => (other === value.name ? name : other));
    for (const node of this.#nodes) node.input = rename(node.input);
    producer.output = rename(producer.output);
    this.#outputs.push(valueInfo(name, value.type, shape));
  }

  /** The model as the bytes of an .onnx file. */
  toBytes(metadata: Record<string, string>): Uint8Array<ArrayBuffer> {
    const model = create(ModelProtoSchema, {
      irVersion: BigInt(IR_VERSION),
      producerName: "edgemore",
      opsetImport: [create(OperatorSetIdProtoSchema, { domain: "", version: BigInt(OPSET_VERSION) })],
      graph: create(GraphProtoSchema, {
        name: this.name,
        node: this.#nodes,
        initializer: this.#initializers,
        input: this.#inputs,
        output: this.#outputs,
      }),
      metadataProps: Object.entries(metadata).map(([key, value]) =>
        create(StringStringEntryProtoSchema, { key, value })
      ),
    });
    return toBinary(ModelProtoSchema, model);
  }

  #initializer<Type extends ElementType>(
    name: string,
    type: Type,
    shape: number[],
    values: Float32Array<ArrayBuffer> | BigInt64Array<ArrayBuffer>,
  ): Value<Type> {
    this.#initializers.push(create(TensorProtoSchema, {
      name,
      dataType: DATA_TYPES[type],
      dims: shape.map(BigInt),
      // Raw data is little-endian in ONNX; so are typed arrays on every platform that Deno runs on.
      rawData: new Uint8Array(values.buffer, values.byteOffset, values.byteLength),
    }));
    return { name, type };
  }

  #node<Type extends ElementType>(
    opType: string,
    type: Type,
    inputs: Value<ElementType>[],
    attributes: Record<string, Attribute> = {},
  ): Value<Type> {
    return this.operator(opType, [type], inputs, attributes)[0];
  }
}

function attributeProto([name, value]: [string, Attribute]): AttributeProto {
  if (typeof value === "number") {
    return create(AttributeProtoSchema, { name, type: AttributeProto_AttributeType.INT, i: BigInt(value) });
  }
  if (typeof value === "string") {
    const s = new TextEncoder().encode(value);
    return create(AttributeProtoSchema, { name, type: AttributeProto_AttributeType.STRING, s });
  }
  if (value instanceof Float32Array) {
    return create(AttributeProtoSchema, {
      name,
      type: AttributeProto_AttributeType.FLOATS,
      floats: Array.from(value),
    });
  }
  const ints = value.map(BigInt);
  return create(AttributeProtoSchema, { name, type: AttributeProto_AttributeType.INTS, ints });
}

function valueInfo(name: string, type: ElementType, shape: Dimension[]): ValueInfoProto {
  const dim = shape.map((size) =>
    create(TensorShapeProto_DimensionSchema, {
      value: typeof size === "number"
        ? { case: "dimValue", value: BigInt(size) }
        : { case: "dimParam", value: size },
    })
  );
  return create(ValueInfoProtoSchema, {
    name,
    type: create(TypeProtoSchema, {
      value: {
        case: "tensorType",
        value: create(TypeProto_TensorSchema, {
          elemType: DATA_TYPES[type],
          shape: create(TensorShapeProtoSchema, { dim }),
        }),
      },
    }),
  });
}
