/** Bytes, as files, `fetch` and the data modules of Workers give them. */
export type Bytes = Uint8Array | ArrayBuffer;

export function isBytes(source: object): source is Bytes {
  return source instanceof ArrayBuffer || ArrayBuffer.isView(source);
}

/** A view of bytes; shared memory is copied. */
export function bytesOf(bytes: Bytes): Uint8Array<ArrayBuffer> {
  if (bytes instanceof ArrayBuffer) return new Uint8Array(bytes);
  const { buffer, byteOffset, byteLength } = bytes;
  return buffer instanceof ArrayBuffer
    ? new Uint8Array(buffer, byteOffset, byteLength)
    : new Uint8Array(bytes);
}
