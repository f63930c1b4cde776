import { expect, test } from "vitest";
import { exportGlobals, withState } from "../../scripts/wasm_state.ts";

const section = (id: number, ...content: number[]) => [id, content.length, ...content];
const text = (text: string) => [text.length, ...new TextEncoder().encode(text)];

/** `(import "env" "m" (memory 1)) (global (mut i32) 0) (global (mut i32) 1) (data "x")`: the data is passive. */
const SECTIONS = [
  section(2, 1, ...text("env"), ...text("m"), 2, 0, 1),
  section(6, 2, 0x7f, 1, 0x41, 0, 0x0b, 0x7f, 1, 0x41, 1, 0x0b),
  section(7, 0),
  section(12, 1),
  section(11, 1, 1, ...text("x")),
];
const moduleOf = (sections: number[][]) => Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, ...sections.flat());
const MODULE = moduleOf(SECTIONS);

/** The values of a module's globals and its memory, as it begins. */
async function begin(wasm: Uint8Array): Promise<{ globals: number[]; memory: Uint8Array }> {
  const { module, names } = exportGlobals(wasm);
  const memory = new WebAssembly.Memory({ initial: 1 });
  const { instance: { exports } } = await WebAssembly.instantiate(module, { env: { m: memory } });
  const globals = names.map((name) => (exports[name] as WebAssembly.Global).value);
  return { globals, memory: new Uint8Array(memory.buffer) };
}

test("a module begins with the globals and the memory that it is given", async () => {
  expect((await begin(MODULE)).globals).toEqual([0, 1]);
  const memory = new Uint8Array(2 ** 16);
  memory.set([1, 2, 3], 300);
  memory[60_000] = 255;
  for (const globals of [[-5, 1_000_000], [63, 64], [-64, -65], [2 ** 31 - 1, -(2 ** 31)]]) {
    const pieces = [memory.subarray(300, 303), memory.subarray(60_000, 60_001)];
    const module = withState(MODULE, { memory: pieces, globals }, "section", "its text");
    expect(await begin(module)).toEqual({ globals, memory });
    const [custom] = WebAssembly.Module.customSections(await WebAssembly.compile(module), "section");
    expect(new TextDecoder().decode(custom)).toBe("its text");
  }
});

test("a module keeps the segments of data that its code names", async () => {
  const [imports, globals, exports] = SECTIONS;
  // A function that copies nothing of the third segment: (memory.init 2 (i32.const 0) (i32.const 0) (i32.const 0))
  const code = [0, 0x41, 0, 0x41, 0, 0x41, 0, 0xfc, 8, 2, 0, 0x0b];
  const three = moduleOf([
    section(1, 1, 0x60, 0, 0),
    imports,
    section(3, 1, 0),
    globals,
    exports,
    section(12, 3),
    section(10, 1, code.length, ...code),
    section(11, 3, 1, 0, 1, 0, 1, 0),
  ]);
  const module = withState(three, { memory: [], globals: [7, 8] }, "section", "");
  expect(await begin(module)).toEqual({ globals: [7, 8], memory: new Uint8Array(2 ** 16) });
});

test("a module whose data is not passive is refused", () => {
  const active = moduleOf([...SECTIONS.slice(0, 3), section(11, 1, 0, 0x41, 0, 0x0b, ...text("x"))]);
  expect(() => withState(active, { memory: [], globals: [0, 0] }, "section", ""))
    .toThrow("its segments of data are not passive");
});
