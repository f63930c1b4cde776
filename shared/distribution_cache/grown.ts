/** Copies an array to the beginning of a larger one, which it returns. */
export function grown<Numbers extends Int32Array | Uint32Array | Float32Array>(
  from: Numbers,
  to: Numbers,
): Numbers {
  to.set(from);
  return to;
}
