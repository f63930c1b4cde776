import { fromBinary } from "@bufbuild/protobuf";
import { ModelProtoSchema, TensorProto_DataType } from "onnx-buf";
import type { Parameters } from "../parameters.ts";

/**
 * Reads the parameters from an .onnx file that a `GraphBuilder` (graph.ts) wrote.
 *
 * @throws {Error} If the bytes are not an ONNX model.
 */
export function readParameters(onnx: Uint8Array): Parameters {
  const { graph } = fromBinary(ModelProtoSchema, onnx);
  if (!graph) throw new Error("Cannot read an ONNX model: it has no graph");
  const learnt = graph.initializer.filter(({ dataType }) => dataType === TensorProto_DataType.FLOAT);
  return Object.fromEntries(learnt.map(({ name, dims, rawData }) => {
    // A copy, because the bytes may not be aligned to four in the file.
    const values = new Float32Array(rawData.slice().buffer);
    return [name, { shape: dims.map(Number), values }];
  }));
}
