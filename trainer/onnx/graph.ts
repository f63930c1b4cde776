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

/** The ONNX operator set that graphs are written in. */
export const OPSET_VERSION = 17;
/** The file format that came with it (ONNX 1.12). */
const IR_VERSION = 8;

/** The element types that graphs here compute with. */
export type ElementType = "float32" | "int64";

const DATA_TYPES = {
  float32: TensorProto_DataType.FLOAT,
  int64: TensorProto_DataType.INT64,
} as const;

/** What flows along one edge of a graph: a tensor of a known element type. */
export interface Value<Type extends ElementType> {
  readonly name: string;
  readonly type: Type;
}

/** A size of a graph's input or output: a number, or the name of a dimension that is known when it runs. */
export type Dimension = number | string;

/**
 * Builds an ONNX graph, one operator a call. Each operator returns the value that it computes, so a graph is
 * written as its forward pass is.
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

  /** Adds a float32 tensor that was learnt. */
  parameter(name: string, { shape, values }: Parameter): Value<"float32"> {
    return this.#initializer(name, "float32", shape, values);
  }

  /** Adds whole numbers that the graph computes with. */
  constant(values: number[]): Value<"int64"> {
    const name = `constant_${this.#initializers.length}`;
    return this.#initializer(name, "int64", [values.length], BigInt64Array.from(values, BigInt));
  }

  /** Rows of `table` by index: [...indices, ...rest of the table's shape]. */
  gather(table: Value<"float32">, indices: Value<"int64">): Value<"float32"> {
    return this.#node("Gather", "float32", [table, indices], [intAttribute("axis", 0)]);
  }

  /** The same values in another shape; -1 stands for the size that is left over. */
  reshape(value: Value<"float32">, shape: number[]): Value<"float32"> {
    return this.#node("Reshape", "float32", [value, this.constant(shape)]);
  }

  /** The sum of two values; the shorter shape is repeated along the axes that it lacks. */
  add<Type extends ElementType>(a: Value<Type>, b: Value<Type>): Value<Type> {
    return this.#node("Add", a.type, [a, b]);
  }

  /** The sum along an axis, which goes. */
  sum(value: Value<"float32">, axis: number): Value<"float32"> {
    return this.#node("ReduceSum", "float32", [value, this.constant([axis])], [intAttribute("keepdims", 0)]);
  }

  /** The products of a matrix with each of several: [a, b] by [..., b, c] is [..., a, c]. */
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

  /** Log-probabilities from logits: x - ln(sum(exp(x))) along the last axis. */
  logSoftmax(x: Value<"float32">): Value<"float32"> {
    return this.#node("LogSoftmax", "float32", [x], [intAttribute("axis", -1)]);
  }

  /** Declares a value that was computed as an output, under a name of its own. */
  output(name: string, value: Value<ElementType>, shape: Dimension[]): void {
    const producer = this.#nodes.find((node) => node.output[0] === value.name);
    if (!producer) throw new TypeError(`Cannot output ${name}: no operator computes ${value.name}`);
    for (const node of this.#nodes) {
      node.input = node.input.map((input) => (input === value.name ? name : input));
    }
    producer.output = [name];
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
      // ONNX's raw data is little-endian, as typed arrays are on every machine that runs this.
      rawData: new Uint8Array(values.buffer, values.byteOffset, values.byteLength),
    }));
    return { name, type };
  }

  #node<Type extends ElementType>(
    opType: string,
    type: Type,
    inputs: Value<ElementType>[],
    attributes: AttributeProto[] = [],
  ): Value<Type> {
    const name = `${opType.toLowerCase()}_${this.#nodes.length}`;
    this.#nodes.push(create(NodeProtoSchema, {
      name,
      opType,
      input: inputs.map((input) => input.name),
      output: [name],
      attribute: attributes,
    }));
    return { name, type };
  }
}

function intAttribute(name: string, value: number): AttributeProto {
  return create(AttributeProtoSchema, { name, type: AttributeProto_AttributeType.INT, i: BigInt(value) });
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
