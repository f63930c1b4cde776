/** Whether this runtime's WebAssembly has SIMD: 128-bit vectors. */
export function hasSimd(): boolean {
  return WebAssembly.validate(moduleOf(ZEROS));
}

/** Whether it also has relaxed SIMD: a multiplication and an addition in one instruction. */
export function hasRelaxedSimd(): boolean {
  return WebAssembly.validate(moduleOf([...ZEROS, ...ZEROS, ...ZEROS, ...RELAXED_MADD]));
}

/** i32.const 0, i8x16.splat */
const ZEROS = [0x41, 0x00, 0xfd, 0x0f];
/** f32x4.relaxed_madd */
const RELAXED_MADD = [0xfd, 0x85, 0x02];

/** A module of one function, which returns a vector. */
function moduleOf(instructions: readonly number[]): Uint8Array<ArrayBuffer> {
  const body = [0, ...instructions, 0x0b]; // no locals; end
  const magicAndVersion = [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
  const types = [1, 5, 1, 0x60, 0, 1, 0x7b]; // () -> v128
  const functions = [3, 2, 1, 0];
  const code = [10, body.length + 2, 1, body.length, ...body];
  return Uint8Array.from([...magicAndVersion, ...types, ...functions, ...code]);
}
