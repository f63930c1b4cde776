/**
 * Makes a stream of bytes from an async generator, which is advanced only as the stream is read, and is ended if the stream is
 * cancelled. Text is sent as UTF-8. `ReadableStream.from` does the same, but cannot report the end of a generator that never started.
 *
 * @param ended Called once when the stream has ended, failed or been cancelled.
 */
export function textStream(
  pieces: AsyncGenerator<string | Uint8Array>,
  ended: () => void = () => {},
): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  return new ReadableStream({
    async pull(controller) {
      try {
        const { done, value } = await pieces.next();
        if (!done) return controller.enqueue(typeof value === "string" ? encoder.encode(value) : value);
        controller.close();
      } catch (error) {
        controller.error(error);
      }
      ended();
    },
    async cancel() {
      ended();
      await pieces.return(undefined);
    },
  }, { highWaterMark: 0 });
}
