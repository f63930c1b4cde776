/*
 * Takes the snapshot of ONNX Runtime Web with which a Worker starts; functions/inference/onnx_snapshot.ts says what it is, and
 * uses it.
 */
import { createHash } from "node:crypto";
import { SNAPSHOT_SECTION, type SnapshotHeader } from "../functions/inference/onnx_snapshot.ts";
import { openOnnxModel } from "../functions/inference/onnx_model.ts";
import { provideOnnxRuntime, warmUpOnnxRuntime, WASM_RUNTIME } from "../functions/inference/onnx_runtime.ts";
import { parseModelCard } from "../shared/model_card.ts";
import { exportGlobals, withState } from "./wasm_state.ts";

/** The most memory in a snapshot, in bytes: beyond it, reading it takes longer than what it saves. */
const MAX_BYTES = 2 ** 25;

/** The largest and the smallest blocks of free memory that are cleared, in bytes. */
const [LARGEST_BLOCK, SMALLEST_BLOCK] = [2 ** 20, 64];

/** The granularity of what is left out of a snapshot because it is zero, in bytes. */
const BLOCK = 256;

/** A model that opens. */
export interface TriedModel {
  /** The text of its card. */
  card: string;
  onnx: Uint8Array<ArrayBuffer>;
}

/**
 * Opens models in this thread, in which ONNX Runtime Web must not have been used yet, and takes a snapshot of it: a module.
 *
 * @param wasm ONNX Runtime Web's WebAssembly.
 * @param glue The JavaScript that comes with it.
 * @param maxBytes The most memory that it may have.
 * @throws {Error} If this build of ONNX Runtime Web is not as expected, or the memory is more than that.
 */
export async function takeOnnxSnapshot(
  wasm: Uint8Array<ArrayBuffer>,
  glue: string,
  models: readonly TriedModel[],
  maxBytes = MAX_BYTES,
): Promise<Uint8Array<ArrayBuffer>> {
  const { module, names } = exportGlobals(wasm);
  const createSession = exportOf(glue, "_OrtCreateSession");
  const called: string[] = [];
  const handles: number[] = [];
  let exports!: WebAssembly.Exports;
  let memory!: WebAssembly.Memory;
  provideOnnxRuntime(await WebAssembly.compile(module), undefined, {
    pages: 0,
    async instantiate(compiled, imports, created) {
      memory = created;
      ({ exports } = await WebAssembly.instantiate(compiled, imports));
      return Object.fromEntries(
        Object.entries(exports).map(([name, value]) => {
          if (typeof value !== "function") return [name, value];
          return [name, (...values: unknown[]) => {
            if (called.length === 0) called.push(name);
            const result = value(...values);
            if (name === createSession) handles.push(result);
            return result;
          }];
        }),
      );
    },
  });
  await warmUpOnnxRuntime();
  handles.length = 0;
  for (const { card, onnx } of models) await openOnnxModel(onnx, parseModelCard(card), WASM_RUNTIME);
  if (handles.length !== models.length) {
    throw new Error(`${models.length} models made ${handles.length} sessions`);
  }
  const [allocate, free] = [exports[exportOf(glue, "_malloc")], exports[exportOf(glue, "_free")]];
  clearFreeMemory(memory, allocate as (size: number) => number, free as (pointer: number) => void);
  const pieces = withoutZeros(new Uint8Array(memory.buffer));
  const bytes = pieces.reduce((sum, { length }) => sum + length, 0);
  if (bytes > maxBytes) {
    throw new Error(`it has ${bytes} bytes; ${maxBytes} at most are read in less time than it saves`);
  }
  const header: SnapshotHeader = {
    pages: memory.buffer.byteLength / 2 ** 16,
    cards: models.filter(isKnownWholly).map(({ card }) => sha256(card)),
    sessions: Object.fromEntries(models.map(({ onnx }, i) => [sha256(onnx), handles[i]])),
    exports: { constructors: called[0], initialize: exportOf(glue, "_OrtInit"), createSession },
  };
  const globals = names.map((name) => (exports[name] as WebAssembly.Global).value as number);
  return withState(wasm, { memory: pieces, globals }, SNAPSHOT_SECTION, JSON.stringify(header));
}

/** Whether a card has nothing but what a server reads, in its order, so that it need not be parsed with the schema again. */
function isKnownWholly({ card }: TriedModel): boolean {
  return JSON.stringify(parseModelCard(card)) === JSON.stringify(JSON.parse(card));
}

function sha256(data: string | Uint8Array): string {
  return createHash("sha256").update(data).digest("hex");
}

/**
 * The name under which the glue code finds an exported function; the names of the module's exports are short.
 *
 * @throws {Error} If it does not use such a function.
 */
function exportOf(glue: string, name: string): string {
  const found = new RegExp(`\\b${name}=\\w+\\.(\\w+)`).exec(glue);
  if (found === null) throw new Error(`its JavaScript has no ${name}`);
  return found[1];
}

/**
 * Overwrites memory that was freed with zeros, so that the snapshot does not have it. All of it is allocated for that: blocks of
 * each size, the large ones first.
 */
function clearFreeMemory(
  memory: WebAssembly.Memory,
  allocate: (size: number) => number,
  free: (pointer: number) => void,
): void {
  const cannotGrow = () => {
    throw new RangeError("the memory must not grow");
  };
  Object.assign(memory, { grow: cannotGrow }); // the glue code catches it, and there is no block of this size
  const blocks: number[] = [];
  for (let size = LARGEST_BLOCK; size >= SMALLEST_BLOCK; size /= 2) {
    for (let block = allocate(size); block !== 0; block = allocate(size)) {
      new Uint8Array(memory.buffer, block >>> 0, size).fill(0);
      blocks.push(block);
    }
  }
  for (const block of blocks) free(block);
}

/** The parts of a memory that are not zero, as views of it. */
function withoutZeros(memory: Uint8Array): Uint8Array[] {
  const pieces: [offset: number, length: number][] = [];
  for (let at = 0; at < memory.length; at += BLOCK) {
    if (memory.subarray(at, at + BLOCK).every((byte) => byte === 0)) continue;
    const last = pieces.at(-1);
    if (last !== undefined && last[0] + last[1] === at) last[1] += BLOCK;
    else pieces.push([at, BLOCK]);
  }
  return pieces.map(([at, length]) => memory.subarray(at, at + length));
}
