import { readFileSync } from "node:fs";
import { describe, expect, onTestFinished, test } from "vitest";
import { describeWithBrowser, startBrowser } from "../browser.ts";
import { pinnedReference } from "../../functions/inference/model_reference.ts";
import { openPage, shownNames } from "../page/open_page.ts";
import { startServer } from "../processes.ts";
import { startBothServers } from "../servers.ts";

/** A reference that pins the default model to its file. */
const PINNED = pinnedReference("gru", JSON.parse(readFileSync("models/gru.json", "utf8")).sha256);

const servers = startBothServers({
  deno: () => startServer(["start"], /answers at (http:\S+)/, { PORT: "0" }),
  workerd: () => startServer(["worker", "--port", "0"], /Ready on (http:\S+)/),
});

/** The parts of a response that do not depend on the runtime. */
interface Answer {
  status: number;
  type: string | null;
  headers: (string | null)[];
  body: string;
}

/** The headers that do not depend on the runtime. */
const SAME_HEADERS = [
  "edgemore-seed",
  "etag",
  "cache-control",
  "vary",
  "allow",
  "content-security-policy",
  "x-content-type-options",
  "access-control-allow-origin",
  "access-control-expose-headers",
];

/** Makes the same request to each server. */
async function askAll(path: string, init?: RequestInit): Promise<Answer[]> {
  return await Promise.all(Array.from(servers.values(), async ({ address }) => {
    const response = await fetch(address + path, init);
    return {
      status: response.status,
      type: response.headers.get("content-type"),
      headers: SAME_HEADERS.map((name) => response.headers.get(name)),
      body: await response.text(),
    };
  }));
}

describe("Deno and workerd", () => {
  test.each([
    "/score?name=andrej",
    "/score?name=andrej&model=bigram",
    "/score?name=andrej&model=mlp",
    "/score?name=andrej&model=transformer",
    `/score?name=${"z".repeat(256)}`,
    "/generate?n=20&seed=42",
    "/generate?n=20&seed=42&model=bigram",
    "/generate?n=20&seed=42&model=mlp",
    "/generate?n=20&seed=42&model=transformer",
    "/generate?n=1000&seed=9007199254740991",
    "/generate?n=50&seed=42&model=towns&novel=true&unique=true",
    "/score?name=Saint-Étienne&model=towns",
    "/models/towns/training_names.txt",
    "/generate?n=300&seed=7&temperature=2.5&top_k=12&top_p=0.9",
    "/generate?n=50&seed=7&prefix=Mar&min_length=5&max_length=9&unique=true",
    "/generate?n=20&seed=42&compat=torch",
    "/generate?n=100&seed=42&novel=true&unique=true",
    "/generate?n=100&seed=42&novel=true&unique=true&max_length=3",
    "/models",
    "/models/mlp",
    "/models/mlp/model.onnx",
    "/models/gpt/model.onnx",
    "/next?prefix=mar",
    "/assets/nothing.js",
    "/openapi.json",
    "/generate?n=0",
    "/generate?model=gpt",
    `/score?name=andrej&model=${PINNED}`,
    `/models/${PINNED}/training_names.txt`,
    "/score?name=andrej&model=gru@00000000",
    "/score?name=andrej&model=gru@1234",
    "/score?name=%F0%9F%98%80",
    "/nothing",
  ])("answer %s with the same bytes", async (path) => {
    const [deno, workerd] = await askAll(path);
    expect(workerd).toEqual(deno);
  });

  test("send the same page with the same policy", async () => {
    const [deno, workerd] = await askAll("/");
    expect(deno.body).toMatch(/^<!doctype html>/i);
    expect([workerd.status, workerd.type, workerd.body]).toEqual([deno.status, deno.type, deno.body]);
    // Each runtime makes its own ETag for files, and Cloudflare compresses them itself.
    const policy = ({ headers }: Answer) => headers.filter((_, i) => !/etag|vary/.test(SAME_HEADERS[i]));
    expect(policy(workerd)).toEqual(policy(deno));
  });

  test.each([
    ["application/json", '["Andrej","r2","","eleanor"]', "application/json"],
    ["application/json", '["Andrej","r2","","eleanor"]', "application/x-ndjson"],
    ["text/plain", "\ufeffAndrej\r\nr2\n\neleanor", "*/*"],
    ["text/plain", "eleanor\n".repeat(500), "*/*"],
    ["application/json", '["ada",5]', "*/*"],
    ["image/png", "ada", "*/*"],
  ])("answer POST /score of %s, %j, for %s, with the same bytes", async (type, body, accept) => {
    const [deno, workerd] = await askAll("/score?model=mlp", {
      method: "POST",
      headers: { "content-type": type, accept },
      body,
    });
    expect(workerd).toEqual(deno);
  });

  test("send the same events", async () => {
    const [deno, workerd] = await askAll("/generate?n=50&seed=3&novel=true&unique=true", {
      headers: { accept: "text/event-stream" },
    });
    expect(deno.body).toMatch(
      /^(event: name\ndata: \{.+\}\nid: 3-\d+\n\n){50}event: end\n.+\nid: 3-end\n\n$/,
    );
    expect(workerd.body).toBe(deno.body);
  });

  test.each(["HEAD", "OPTIONS", "POST"])("answer %s with the same headers", async (method) => {
    for (const path of ["/score?name=andrej", "/nothing"]) {
      const [deno, workerd] = await askAll(path, { method });
      expect(workerd).toEqual(deno);
    }
  });

  test("answer 304 to a client that has the current answer", async () => {
    const [etag] = (await askAll("/score?name=andrej"))[0].headers.slice(1);
    const [deno, workerd] = await askAll("/score?name=andrej", { headers: { "if-none-match": etag! } });
    expect(deno).toMatchObject({ status: 304, body: "" });
    expect(workerd).toEqual(deno);
  });

  test("serve /docs without files of other hosts", async () => {
    const pages = await Promise.all(Array.from(servers.values(), async ({ address }) => {
      const page = await fetch(`${address}/docs`);
      const html = await page.text();
      const files = Array.from(
        html.matchAll(/<(?:link|script) [^>]*(?:src|href)="([^"]+)"/g),
        ([, file]) => file,
      );
      const loaded = await Promise.all(
        files.filter((file) => file !== "data:," && file !== "/openapi.json").map(async (file) => {
          expect(file).toMatch(/^\/docs\//);
          const { status, headers, body } = await fetch(address + file);
          await body?.cancel();
          return [file, status, headers.get("content-security-policy"), headers.get("cache-control")];
        }),
      );
      return { html, policy: page.headers.get("content-security-policy"), loaded };
    }));
    const [deno, workerd] = pages;
    expect(deno.policy).toContain("default-src 'none'; script-src 'self'; style-src 'self'");
    expect(deno.loaded.map(([, status]) => status)).toEqual([200, 200, 200, 200]);
    expect(workerd).toEqual(deno);
  });

  test("answer text with the same bytes", async () => {
    const [deno, workerd] = await askAll("/generate?n=5&seed=3", { headers: { accept: "text/plain" } });
    expect(deno.body).toMatch(/^([a-z]+\n){5}$/);
    expect(workerd).toEqual(deno);
  });

  test.each(["deno", "workerd"])("%s is healthy", async (runtime) => {
    const health = await (await fetch(`${servers.get(runtime)!.address}/health`)).json();
    expect(health).toMatchObject({ status: "ok", runtime, default_model: "gru" });
  });

  test.each(["deno", "workerd"])(
    "%s gives concurrent and single requests the same answers",
    async (runtime) => {
      const ask = async (seed: number) => {
        const response = await fetch(`${servers.get(runtime)!.address}/generate?n=30&seed=${seed}`);
        return await response.text();
      };
      const seeds = Array.from({ length: 30 }, (_, seed) => seed);
      const together = await Promise.all(seeds.map(ask));
      for (const seed of seeds) expect(await ask(seed)).toBe(together[seed]);
    },
  );

  test.each(["deno", "workerd"])(
    "%s chooses a new seed for each request without one",
    async (runtime) => {
      const path = `${servers.get(runtime)!.address}/generate?n=1`;
      const ask = async () => (await (await fetch(path)).json()).seed;
      expect(await ask()).not.toBe(await ask());
    },
  );

  test("send the page and its files with the same bytes and headers", async () => {
    const html = await (await fetch(`${servers.get("deno")!.address}/`)).text();
    const [script, style] = [/\/assets\/main-\w+\.js/, /\/assets\/style-\w+\.css/].map((file) =>
      file.exec(html)![0]
    );
    const kept = "public, max-age=31536000, immutable";
    for (const [path, cacheControl] of [["/", "no-cache"], [script, kept], [style, kept]]) {
      const [deno, workerd] = await Promise.all(["deno", "workerd"].map(async (runtime) => {
        const response = await fetch(servers.get(runtime)!.address + path);
        const { status, headers } = response;
        const names = [
          "cache-control",
          "content-security-policy",
          "referrer-policy",
          "x-content-type-options",
        ];
        const type = headers.get("content-type")!.split(";")[0];
        return { status, type, headers: names.map((name) => headers.get(name)), body: await response.text() };
      }));
      expect(workerd).toEqual(deno);
      expect(deno.status).toBe(200);
      expect(deno.headers[0]).toBe(cacheControl);
      expect(deno.headers[1]).toContain("default-src 'none'; script-src 'self' 'wasm-unsafe-eval'");
    }
  });

  test.each(["deno", "workerd"])("%s answers 304 to a client that has the current page", async (runtime) => {
    const address = `${servers.get(runtime)!.address}/`;
    const etag = (await fetch(address)).headers.get("etag")!;
    expect((await fetch(address, { headers: { "if-none-match": etag } })).status).toBe(304);
    expect((await fetch(address, { method: "HEAD" })).status).toBe(200);
  });
});

describeWithBrowser("The page from workerd", () => {
  test("shows Deno's names, both from the server and from the model in the browser", async () => {
    const browser = await startBrowser("none");
    onTestFinished(() => browser.close());
    const { page, errors } = await openPage(browser, `${servers.get("workerd")!.address}/?seed=42`);
    const { names } = await (await fetch(`${servers.get("deno")!.address}/generate?n=20&seed=42`)).json();
    const expected = names.map(({ name }: { name: string }) => name);
    expect(await shownNames(page)).toEqual(expected);
    await page.getByRole("radio", { name: "Here, WebAssembly" }).check({ force: true });
    await page.getByText(/in this browser by WebAssembly/).first().waitFor();
    expect(await shownNames(page)).toEqual(expected);
    expect(errors).toEqual([]);
  });
});
