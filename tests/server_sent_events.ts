/** An event of an event stream, with its data parsed as JSON. */
export interface ServedEvent {
  event?: string;
  id?: string;
  data: unknown;
}

/** Yields the events of a response body as they arrive. */
export async function* serverSentEvents(body: ReadableStream<Uint8Array>): AsyncGenerator<ServedEvent> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of body) {
    text += decoder.decode(chunk, { stream: true });
    for (let end = text.indexOf("\n\n"); end !== -1; end = text.indexOf("\n\n")) {
      const fields = text.slice(0, end).split("\n").map((line): [string, string] => {
        const colon = line.indexOf(": ");
        return [line.slice(0, colon), line.slice(colon + 2)];
      });
      text = text.slice(end + 2);
      const { data, ...rest } = Object.fromEntries(fields);
      yield { ...rest, data: JSON.parse(data) };
    }
  }
  if (text !== "") throw new Error(`The stream ended within an event: ${text}`);
}
