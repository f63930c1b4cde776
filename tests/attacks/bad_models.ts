import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  type AttributeProto,
  AttributeProto_AttributeType,
  AttributeProtoSchema,
  type GraphProto,
  GraphProtoSchema,
  ModelProtoSchema,
  type NodeProto,
  NodeProtoSchema,
  type TensorProto,
  TensorProto_DataType,
  TensorProtoSchema,
  TensorShapeProtoSchema,
  TypeProto_TensorSchema,
  TypeProtoSchema,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from "onnx-buf";
import type { ModelFiles } from "../../functions/inference/registry.ts";
import { parseModelCard } from "../../shared/model_card.ts";
import { modelFileNames } from "../../shared/model_files.ts";
import { GraphBuilder } from "../../trainer/onnx/graph.ts";
import { sha256 } from "../../shared/sha256.ts";
import { modelFiles } from "../functions/serve_models.ts";

/*
 * Models with one defect each. All have the vocabulary a to z and a context of five tokens, which makes too many contexts
 * to try all of them when a model is opened. They almost never draw a z, so that contexts with several letters z, for
 * which most of them fail, come only from requests that contain these letters.
 */

const LETTERS = "abcdefghijklmnopqrstuvwxyz";
const TOKENS = 1 + LETTERS.length;
const CONTEXT = 5;
/** Log-probabilities of a valid row: the boundary and the letters a to y are equally likely. */
const LOG_PROBS = Float32Array.from(
  { length: TOKENS },
  (_, token) => token === TOKENS - 1 ? -30 : -Math.log(TOKENS - 1),
);

/** A table from which a graph gathers the weight of each token: `weight` for z, 0 for all others. */
function perZ(weight: number) {
  const values = new Float32Array(TOKENS);
  values[TOKENS - 1] = weight;
  return { shape: [TOKENS, 1], values };
}

const zeros = (...shape: number[]) => ({ shape, values: new Float32Array(shape.reduce((a, b) => a * b)) });
const filled = (value: number, ...shape: number[]) => ({ shape, values: zeros(...shape).values.fill(value) });

/** A graph that adds up `weight` for each z in the context, and makes log-probabilities of the sum. */
function graphOf(
  weight: number,
  make: (graph: GraphBuilder, sum: ReturnType<GraphBuilder["sum"]>) => ReturnType<GraphBuilder["sum"]>,
  { input = "context", batch = "batch" as string | number } = {},
): Uint8Array<ArrayBuffer> {
  const graph = new GraphBuilder("bad");
  const context = graph.input(input, "int64", [batch, CONTEXT]);
  const sum = graph.sum(graph.gather(graph.parameter("per_z", perZ(weight)), context), 1);
  graph.output("log_probs", make(graph, sum), [batch, "tokens"]);
  return graph.toBytes({});
}

/** Makes valid log-probabilities, except for an infinite sum: the graph computes 0 * sum, which is NaN then. */
const constant = (graph: GraphBuilder, sum: ReturnType<GraphBuilder["sum"]>) =>
  graph.gemm(
    sum,
    graph.parameter("zero", zeros(1, TOKENS)),
    graph.parameter("log_p", { shape: [TOKENS], values: LOG_PROBS }),
  );

/** A graph whose log-probabilities are too high by `excess` after at least three letters z. */
function tooHigh(excess: number): Uint8Array<ArrayBuffer> {
  return graphOf(1, (graph, sum) => {
    const side = graph.tanh(
      graph.gemm(sum, graph.parameter("steep", filled(40, 1, 1)), graph.parameter("edge", filled(-100, 1))),
    ); // -1 for up to two letters z, 1 for more
    const bias = { shape: [TOKENS], values: LOG_PROBS.map((logProb) => logProb + excess / 2) };
    return graph.gemm(
      side,
      graph.parameter("wrong", filled(excess / 2, 1, TOKENS)),
      graph.parameter("log_p", bias),
    );
  });
}

/** A graph whose log-probabilities are infinite after at least three letters z. */
function infinite(): Uint8Array<ArrayBuffer> {
  return graphOf(1.5e38, (graph, sum) =>
    graph.gemm(
      sum,
      graph.parameter("tiny", filled(1e-44, 1, TOKENS)), // 1e-44 * 3e38, for two letters z, is negligible
      graph.parameter("log_p", { shape: [TOKENS], values: LOG_PROBS }),
    ));
}

/** A graph that allocates 4 K^2 bytes for each context. */
function huge(K: number): Uint8Array<ArrayBuffer> {
  return graphOf(1, (graph, sum) => {
    const row = graph.gemm(sum, graph.parameter("ones", filled(1, 1, K)), graph.parameter("none", zeros(K)));
    const square = graph.matMul(graph.reshape(row, [-1, K, 1]), graph.reshape(row, [-1, 1, K]));
    return constant(graph, graph.reshape(graph.sum(graph.sum(square, 2), 1), [-1, 1]));
  });
}

/** Inserts nodes between the log-probabilities, which it renames to `rows`, and the output. */
function extend(
  onnx: Uint8Array<ArrayBuffer>,
  add: (graph: GraphProto) => { nodes: NodeProto[]; constants: TensorProto[] },
): Uint8Array<ArrayBuffer> {
  const model = fromBinary(ModelProtoSchema, onnx);
  const graph = model.graph!;
  graph.node.find(({ output }) => output[0] === "log_probs")!.output = ["rows"];
  const { nodes, constants } = add(graph);
  graph.node.push(...nodes);
  graph.initializer.push(...constants);
  return toBinary(ModelProtoSchema, model);
}

const node = (opType: string, input: string[], output: string, attribute: AttributeProto[] = []) =>
  create(NodeProtoSchema, { opType, input, output: [output], attribute });

/** A graph that looks up the number of letters z in a table of three entries: a run fails for a larger number. */
function outOfRange(): Uint8Array<ArrayBuffer> {
  return extend(graphOf(1, constant), ({ node: nodes }) => {
    const count = nodes.find(({ opType }) => opType === "ReduceSum")!.output[0];
    const toInt64 = create(AttributeProtoSchema, {
      name: "to",
      type: AttributeProto_AttributeType.INT,
      i: BigInt(TensorProto_DataType.INT64),
    });
    const table = create(TensorProtoSchema, {
      name: "table",
      dataType: TensorProto_DataType.FLOAT,
      dims: [3n],
      rawData: new Uint8Array(12),
    });
    return {
      nodes: [
        node("Cast", [count], "index", [toInt64]),
        node("Gather", ["table", "index"], "nothing"),
        node("Add", ["rows", "nothing"], "log_probs"),
      ],
      constants: [table],
    };
  });
}

/** A graph that passes its log-probabilities through an ONNX Loop that never ends. */
function endless(): Uint8Array<ArrayBuffer> {
  const value = (name: string, elemType: TensorProto_DataType): ValueInfoProto =>
    create(ValueInfoProtoSchema, {
      name,
      type: create(TypeProtoSchema, {
        value: {
          case: "tensorType",
          value: create(TypeProto_TensorSchema, { elemType, shape: create(TensorShapeProtoSchema) }),
        },
      }),
    });
  return extend(graphOf(1, constant), ({ output: [rows] }) => {
    const g = create(GraphProtoSchema, {
      name: "body",
      node: [node("Identity", ["goes_on"], "goes_on_out"), node("Identity", ["rows_in"], "rows_out")],
      input: [
        value("i", TensorProto_DataType.INT64),
        value("goes_on", TensorProto_DataType.BOOL),
        create(ValueInfoProtoSchema, { ...rows, name: "rows_in" }),
      ],
      output: [
        value("goes_on_out", TensorProto_DataType.BOOL),
        create(ValueInfoProtoSchema, { ...rows, name: "rows_out" }),
      ],
    });
    const yes = create(TensorProtoSchema, {
      name: "true",
      dataType: TensorProto_DataType.BOOL,
      rawData: Uint8Array.of(1),
    });
    const body = create(AttributeProtoSchema, { name: "body", type: AttributeProto_AttributeType.GRAPH, g });
    return { nodes: [node("Loop", ["", "true", "rows"], "log_probs", [body])], constants: [yes] };
  });
}

/** The ONNX files, by their defect. */
export const BAD_GRAPHS = {
  "endless": () => endless(),
  "huge": () => huge(20_000), // 1.6 GB for each context
  "wrong-input": () => graphOf(1, constant, { input: "tokens" }),
  "one-context": () => graphOf(1, constant, { batch: 1 }), // has a fixed batch size of 1
  "nan": () => graphOf(1.5e38, constant), // 3 * 1.5e38 is infinite in float32
  "sum": () => tooHigh(Math.LN2),
  "infinity": () => infinite(),
  "failing": () => outOfRange(),
  "nan-after-one": () => graphOf(Infinity, constant),
} as const satisfies Record<string, () => Uint8Array<ArrayBuffer>>;

/** A bad model with a valid card, named after its defect or as given. */
export async function badModel(kind: keyof typeof BAD_GRAPHS, name: string = kind): Promise<ModelFiles> {
  const [, , mlp] = await modelFiles();
  const onnx = BAD_GRAPHS[kind]();
  const card = JSON.parse(mlp.card);
  const changes = { name, vocabulary: LETTERS, context_length: CONTEXT, sha256: await sha256(onnx) };
  return { name, card: JSON.stringify({ ...card, ...changes }), onnx, list: null };
}

/** Writes models to a directory, and makes the directory if it does not exist. */
export async function writeModels(directory: string, models: readonly ModelFiles[]): Promise<void> {
  await mkdir(directory, { recursive: true });
  for (const { name, card, onnx, list } of models) {
    await writeFile(join(directory, `${name}.json`), card);
    if (onnx) await writeFile(join(directory, `${name}.onnx`), onnx);
    if (list) await writeFile(join(directory, modelFileNames(name, parseModelCard(card)).list.plain), list);
  }
}
