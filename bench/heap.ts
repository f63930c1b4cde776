/** What a server's JavaScript holds, in MB. */
export interface HeapUsage {
  /** Objects and strings, garbage counted that was not collected yet. */
  heap: number;
  /** The memory of typed arrays; that of WebAssembly, which is shared, is not among them. */
  arrays: number;
}

/** Asks a runtime through its inspector. */
export async function heapUsage(inspector: string): Promise<HeapUsage> {
  const [{ webSocketDebuggerUrl }] = await (await fetch(`${inspector}/json`)).json();
  const socket = new WebSocket(webSocketDebuggerUrl);
  return await new Promise<HeapUsage>((resolve, reject) => {
    socket.onopen = () => socket.send(JSON.stringify({ id: 1, method: "Runtime.getHeapUsage" }));
    socket.onerror = () => reject(new Error(`Cannot ask the inspector at ${inspector}`));
    socket.onmessage = ({ data }) => {
      const { id, result } = JSON.parse(data);
      if (id !== 1) return; // an event
      resolve({ heap: result.usedSize / 2 ** 20, arrays: result.backingStorageSize / 2 ** 20 });
      socket.close();
    };
  });
}
