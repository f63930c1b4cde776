import { describe, expect, test } from "vitest";
import { serverSentEvents } from "../server_sent_events.ts";
import { startBothServers, startPageServer } from "../servers.ts";

const servers = startBothServers({ deno: startPageServer });

describe.each(["deno", "workerd"])("%s", (runtime) => {
  /** Names that take some seconds, because nearly every character needs a run of the model. */
  const slow = "/generate?compat=torch&n=125&min_length=256&max_length=256&temperature=5";

  test("sends the first names while it draws the others", async () => {
    const abort = new AbortController();
    const { body } = await fetch(servers.get(runtime)!.address + slow, {
      headers: { accept: "text/event-stream" },
      signal: abort.signal,
    });
    const first = await serverSentEvents(body!).next();
    expect(first.value).toMatchObject({
      event: "name",
      data: { name: expect.stringMatching(/^[a-z]{256}$/) },
    });
    abort.abort();
  });

  test("stops drawing names when the client disconnects", async () => {
    const { address, printed } = servers.get(runtime)!;
    const ask = (seed: number, id: string, signal?: AbortSignal) =>
      fetch(`${address}${slow}&seed=${seed}`, {
        headers: { accept: "text/event-stream", "x-request-id": id },
        signal,
      });
    const abort = new AbortController();
    const events = serverSentEvents((await ask(1, "aborted", abort.signal)).body!);
    await events.next();
    abort.abort();
    // The second request is as much work and starts later. When it is finished, the first one would be, too, if the
    // server had not stopped it.
    const second = await ask(2, "finished");
    let last: unknown;
    for await (const event of serverSentEvents(second.body!)) last = event;
    expect(last).toMatchObject({ event: "end", data: { count: 125 } });
    const line = /"id":"finished",.*"names":125\}/;
    const log = (await printed(line)).input;
    const aborted = /"id":"aborted",.*"names":(\d+)\}/.exec(log);
    // workerd may end the Worker's request when the client disconnects, before the Worker logs it.
    if (runtime === "deno" || aborted !== null) expect(Number(aborted?.[1])).toBeLessThan(125);
  });

  test("answers a line before the next one arrives", async () => {
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
    const lines = writable.getWriter();
    const answer = fetch(`${servers.get(runtime)!.address}/score?characters=false`, {
      method: "POST",
      headers: { "content-type": "text/plain" },
      body: readable,
    });
    const send = (text: string) => lines.write(new TextEncoder().encode(text));
    void send("ada\nbo");
    const reader = (await answer).body!.pipeThrough(new TextDecoderStream()).getReader();
    const nextLine = async () => {
      let text = "";
      while (!text.endsWith("\n")) text += (await reader.read()).value;
      return JSON.parse(text);
    };
    expect(await nextLine()).toMatchObject({ model: "gru", name: "ada" });
    void send("b\n");
    expect(await nextLine()).toMatchObject({ model: "gru", name: "bob" });
    await lines.close();
    expect((await reader.read()).done).toBe(true);
  });
});
