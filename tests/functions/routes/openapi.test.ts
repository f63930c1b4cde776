import { Validator } from "@seriousme/openapi-schema-validator";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import openapiTypescript, { astToString, type OpenAPI3 } from "openapi-typescript";
import { beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { type Server, startDeno } from "../../processes.ts";
import { startPageServer } from "../../servers.ts";
import { DocumentedApi, type OpenApiDocument } from "../openapi_document.ts";
import { type ServedApp, serveModels } from "../serve_models.ts";

let app: ServedApp;
let api: DocumentedApi;
beforeAll(async () => {
  app = await serveModels();
  api = new DocumentedApi((await app.ask<OpenApiDocument>("/openapi.json")).body);
});

/** A program that uses a client generated from the document. */
const PROGRAM = `
import createClient from "openapi-fetch";
import type { components, paths } from "./api.ts";

const client = createClient<paths>({ baseUrl: Deno.args[0] });
const { data: made } = await client.GET("/generate", { params: { query: { n: 3, seed: 42, unique: true } } });
if (typeof made !== "object") throw new Error("Text was not asked for");
const names: { name: string; nll: number | null }[] = made.names;
const { data: scored } = await client.GET("/score", { params: { query: { name: "andrej" } } });
const percentile: number = scored!.percentile;
const { data: card } = await client.GET("/models/{name}", { params: { path: { name: "mlp" } } });
const { data: none, error, response } = await client.GET("/generate", { params: { query: { n: 0 } } });
const problem: components["schemas"]["Problem"] = error!;
console.log(JSON.stringify({
  names: names.map(({ name }) => name),
  percentile,
  architecture: card!.architecture,
  none,
  problem: [response.status, problem.errors[0].parameter],
}));
`;

describe("/openapi.json", () => {
  test("is an OpenAPI 3.1 document", async () => {
    const result = await new Validator().validate({ ...api.document });
    expect(result.errors).toBeUndefined();
    expect(result.valid).toBe(true);
  });

  test("gives each operation a name, a tag, and an example of each answer that has a body, which is one", () => {
    const names = new Set<string>();
    for (const [path, item] of Object.entries(api.document.paths)) {
      for (const [method, { operationId, tags, responses }] of Object.entries(item)) {
        names.add(operationId);
        expect(tags, path).toHaveLength(1);
        for (const [status, found] of Object.entries(responses)) {
          const { content, headers } = api.resolve(found)!;
          const where = `${method} ${path} ${status}`;
          expect(Object.keys(headers!), where).toContain("X-Request-Id");
          if (status !== "304" && status !== "204") expect(Object.keys(content ?? {}), where).not.toEqual([]);
          for (const { schema, example, examples } of Object.values(content ?? {})) {
            if ((schema as { format?: string }).format === "binary") continue; // a file
            const values = examples ? Object.values(examples).map(({ value }) => value) : [example];
            for (const value of values) {
              expect(value, where).toBeDefined();
              expect(api.faults(schema, value), where).toBeUndefined();
            }
          }
        }
      }
    }
    expect([...names]).toEqual(expect.arrayContaining(["generate", "score", "scoreMany"]));
    expect(names.size).toBe(Object.values(api.document.paths).flatMap((item) => Object.keys(item)).length);
  });

  test("asks for a token where the server does", async () => {
    interface Secured {
      security: object[];
      paths: Record<string, { get: { security?: object[] } }>;
    }
    const open = (await app.ask<Secured>("/openapi.json")).body;
    expect(open.security).toEqual([{}, { bearer: [] }]);
    const closed = await serveModels(undefined, { token: "abc" });
    const headers = { authorization: "Bearer abc" };
    const { body } = await closed.ask<Secured>("/openapi.json", { headers });
    expect(body.security).toEqual([{ bearer: [] }]);
    expect(body.paths["/health"].get.security).toEqual([]);
    expect(body.paths["/score"].get.security).toBeUndefined();
  });
});

describe("a client generated from /openapi.json", () => {
  let server: Server;
  beforeAll(async () => {
    server = await startPageServer();
    return () => server.end();
  });

  test("compiles, and talks to the server", async () => {
    const document = await (await fetch(`${server.address}/openapi.json`)).json() as OpenAPI3;
    // In the project's directory, for the imports.
    mkdirSync("build", { recursive: true });
    const directory = mkdtempSync("build/client-");
    onTestFinished(() => rmSync(directory, { recursive: true }));
    writeFileSync(join(directory, "api.ts"), astToString(await openapiTypescript(document)));
    writeFileSync(join(directory, "program.ts"), PROGRAM);
    const args = ["run", "--check", "--allow-net", join(directory, "program.ts"), server.address];
    const { code, stdout, stderr } = await startDeno(args).ended;
    expect(code, stderr).toBe(0);
    expect(JSON.parse(stdout)).toEqual({
      names: (await (await fetch(`${server.address}/generate?n=3&seed=42&unique=true`)).json()).names.map((
        { name }: { name: string },
      ) => name),
      percentile: (await (await fetch(`${server.address}/score?name=andrej`)).json()).percentile,
      architecture: "mlp",
      problem: [400, "n"],
    });
    const wrong = PROGRAM.replace("n: 3", 'n: "three"').replace("scored!.percentile", "scored!.percent");
    writeFileSync(join(directory, "program.ts"), wrong);
    const refused = await startDeno(args).ended;
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(
      /Type 'string' is not assignable to type 'number'[^]*'percent' does not exist/,
    );
  });
});
