/** An event of a stream, its data read as JSON. */
export interface ServedEvent {
  event?: string;
  id?: string;
  data: unknown;
}

/** The events of an answer, as they come. */
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
  if (text !== "") throw new Error(`The stream broke off within an event: ${text}`);
}
