import { fromBinary } from "@bufbuild/protobuf";
import { ModelProtoSchema, TensorProto_DataType } from "onnx-buf";
import type { Parameters } from "../parameters.ts";

/**
 * Reads back the parameters that a {@link GraphBuilder} wrote into an .onnx file.
 *
 * @throws {Error} If the bytes are no ONNX model.
 */
export function readParameters(onnx: Uint8Array): Parameters {
  const { graph } = fromBinary(ModelProtoSchema, onnx);
  if (!graph) throw new Error("Cannot read an ONNX model: it has no graph");
  const learnt = graph.initializer.filter(({ dataType }) => dataType === TensorProto_DataType.FLOAT);
  return Object.fromEntries(learnt.map(({ name, dims, rawData }) => {
    // The bytes are a view into the file and need not lie on a multiple of four.
    const values = new Float32Array(rawData.slice().buffer);
    return [name, { shape: dims.map(Number), values }];
  }));
}
