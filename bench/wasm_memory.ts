/*
 * Prints the size in MB of ONNX Runtime Web's WebAssembly memory with all committed models open. The size is the same on
 * every runtime. This is a separate program because a process creates the memory once, with its first session.
 */
import { readModel } from "../functions/inference/model_directory.ts";
import { Registry } from "../functions/inference/registry.ts";
import { openModel } from "./models.ts";

const COMMITTED = ["bigram", "gru", "mlp", "towns", "transformer"];

const memories: WebAssembly.Memory[] = [];
const { Memory } = WebAssembly;
Object.assign(WebAssembly, {
  Memory: class extends Memory {
    constructor(descriptor: WebAssembly.MemoryDescriptor) {
      super(descriptor);
      memories.push(this);
    }
  },
});
await openModel(COMMITTED[0]);
await Registry.open(await Promise.all(COMMITTED.map((name) => readModel("models", name))));
console.log(memories.reduce((sum, { buffer }) => sum + buffer.byteLength, 0) / 2 ** 20);
