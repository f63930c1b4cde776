import { readFile } from "node:fs/promises";
import { Registry } from "../functions/inference/registry.ts";
import { openModel } from "./models.ts";

const COMMITTED = ["bigram", "mlp", "tuned"];

/** MB that ONNX Runtime Web's WebAssembly takes with the committed models open, the same on every runtime. */
export async function wasmMemory(): Promise<number> {
  const memories: WebAssembly.Memory[] = [];
  const { Memory } = WebAssembly;
  const watched = class extends Memory {
    constructor(descriptor: WebAssembly.MemoryDescriptor) {
      super(descriptor);
      memories.push(this);
    }
  };
  Object.assign(WebAssembly, { Memory: watched });
  try {
    await openModel(COMMITTED[0]);
    await Registry.open(
      await Promise.all(COMMITTED.map(async (name) => ({
        name,
        card: await readFile(`models/${name}.json`, "utf8"),
        onnx: new Uint8Array(await readFile(`models/${name}.onnx`)),
      }))),
    );
  } finally {
    Object.assign(WebAssembly, { Memory });
  }
  return memories.reduce((sum, { buffer }) => sum + buffer.byteLength, 0) / 2 ** 20;
}
