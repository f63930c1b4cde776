/** The memory of a server's JavaScript, in MB. */
export interface HeapUsage {
  /** Objects and strings, including garbage that is not yet collected. */
  heap: number;
  /** Typed arrays, without the memory of WebAssembly, which is a SharedArrayBuffer. */
  arrays: number;
}

/** Asks a runtime's inspector for the heap usage. */
export async function heapUsage(inspector: string): Promise<HeapUsage> {
  const [{ webSocketDebuggerUrl }] = await (await fetch(`${inspector}/json`)).json();
  const socket = new WebSocket(webSocketDebuggerUrl);
  return await new Promise<HeapUsage>((resolve, reject) => {
    socket.onopen = () => socket.send(JSON.stringify({ id: 1, method: "Runtime.getHeapUsage" }));
    socket.onerror = () => reject(new Error(`Cannot ask the inspector at ${inspector}`));
    socket.onmessage = ({ data }) => {
      const { id, result } = JSON.parse(data);
      if (id !== 1) return; // an event, not the answer
      resolve({ heap: result.usedSize / 2 ** 20, arrays: result.backingStorageSize / 2 ** 20 });
      socket.close();
    };
  });
}
