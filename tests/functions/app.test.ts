import { beforeAll, describe, expect, test } from "vitest";
import { parseModelCard } from "../../shared/model_card.ts";
import { cardVersion, modelFiles, type ServedApp, serveModels } from "./serve_models.ts";

let app: ServedApp;
beforeAll(async () => {
  app = await serveModels();
});

interface Problem {
  type: string;
  title: string;
  status: number;
  detail: string;
  errors: { parameter: string; message: string }[];
}

test.each(["/generate?n=3&model=mlp", "/score?name=andrej&model=mlp"])(
  "answers %s without a promise, where the cache has all",
  (path) => {
    expect(app.app.request(path)).toBeInstanceOf(Response);
  },
);

describe("parameters", () => {
  test.each([
    "/generate?n=1",
    "/generate?n=1000&max_length=1",
    "/generate?temperature=0.05",
    "/generate?temperature=5",
    "/generate?temperature=1.",
    "/generate?temperature=1e0",
    "/generate?top_k=1",
    "/generate?top_k=1001",
    "/generate?top_p=0.001",
    "/generate?top_p=1",
    "/generate?prefix=",
    "/generate?min_length=0",
    "/generate?min_length=64",
    "/generate?min_length=256&max_length=256&n=1",
    "/generate?max_length=1",
    "/generate?seed=0",
    "/generate?seed=9007199254740991",
    "/generate?unique=true",
    "/generate?unique=false",
    "/generate?novel=true&unique=true",
    "/generate?compat=torch",
    "/generate?model=bigram",
    "/score?name=a&model=mlp",
  ])("%s is allowed", async (path) => {
    const { status, body } = await app.ask(path);
    expect(status, JSON.stringify(body)).toBe(200);
  });

  test.each([
    ["/generate?n=0", "n", 'must be a whole number from 1 to 1000, got "0"'],
    ["/generate?n=1001", "n", 'must be a whole number from 1 to 1000, got "1001"'],
    ["/generate?n=-1", "n", 'got "-1"'],
    ["/generate?n=1.5", "n", 'got "1.5"'],
    ["/generate?n=1e2", "n", 'got "1e2"'],
    ["/generate?n=", "n", 'got ""'],
    ["/generate?n=%20 5", "n", "must be a whole number"],
    ["/generate?n=0x10", "n", 'got "0x10"'],
    ["/generate?n=1&n=2", "n", "must be given once"],
    ["/generate?temperature=0", "temperature", 'must be a number from 0.05 to 5, got "0"'],
    ["/generate?temperature=0.049", "temperature", 'got "0.049"'],
    ["/generate?temperature=5.01", "temperature", 'got "5.01"'],
    ["/generate?temperature=NaN", "temperature", 'got "NaN"'],
    ["/generate?temperature=Infinity", "temperature", 'got "Infinity"'],
    ["/generate?temperature=-1", "temperature", 'got "-1"'],
    ["/generate?temperature=hot", "temperature", 'got "hot"'],
    ["/generate?top_k=0", "top_k", "from 1 to 1001"],
    ["/generate?top_k=1002", "top_k", "from 1 to 1001"],
    ["/generate?top_p=0", "top_p", "from 0.001 to 1"],
    ["/generate?top_p=1.1", "top_p", "from 0.001 to 1"],
    [
      "/generate?prefix=na%C3%AFve",
      "prefix",
      'has the character "ï" at position 3, which model gru does not know',
    ],
    ["/generate?prefix=a1", "prefix", 'it knows "abcdefghijklmnopqrstuvwxyz"'],
    [`/generate?prefix=${"a".repeat(257)}`, "prefix", "must be 0 to 256 characters"],
    ["/generate?prefix=anna&max_length=3", "prefix", "must have at most max_length (3) characters, has 4"],
    [`/generate?prefix=${"a".repeat(65)}`, "prefix", "must have at most max_length (64) characters, has 65"],
    ["/generate?min_length=-1", "min_length", "from 0 to 256"],
    ["/generate?min_length=257", "min_length", "from 0 to 256"],
    ["/generate?min_length=9&max_length=8", "min_length", "must be at most max_length (8), got 9"],
    ["/generate?min_length=65", "min_length", "must be at most max_length (64), got 65"],
    ["/generate?max_length=0", "max_length", "from 1 to 256"],
    ["/generate?max_length=257", "max_length", "from 1 to 256"],
    ["/generate?seed=-1", "seed", "from 0 to 9007199254740991"],
    ["/generate?seed=9007199254740992", "seed", "from 0 to 9007199254740991"],
    ["/generate?seed=abc", "seed", 'got "abc"'],
    ["/generate?unique=yes", "unique", 'must be "true" or "false", got "yes"'],
    ["/generate?unique=toString", "unique", 'got "toString"'],
    ["/generate?novel=1", "novel", 'must be "true" or "false", got "1"'],
    ["/generate?compat=numpy", "compat", 'must be "torch", got "numpy"'],
    [
      "/generate?temprature=1",
      "temprature",
      "is no parameter of this route, which has n, model, temperature",
    ],
    ["/score", "name", "must be given once, and be 1 to 256 characters"],
    [
      "/score?name=",
      "name",
      'must be 1 to 256 characters of Unicode text with at most 30 combining marks in a row, got ""',
    ],
    [`/score?name=${"a".repeat(257)}`, "name", "must be 1 to 256 characters"],
    ["/score?name=a.b", "name", 'has the character "." at position 2'],
    ["/score?name=%00", "name", 'has the character "\\u0000" at position 1'],
    ["/score?name=%F0%9F%98%80", "name", 'has the character "😀" at position 1'],
    ["/score?name=a&name=b", "name", "must be given once"],
    ["/score?name=a&n=3", "n", "is no parameter of this route, which has name, model"],
  ])("%s is refused", async (path, parameter, message) => {
    const { status, type, body } = await app.ask<Problem>(path);
    expect(status).toBe(400);
    expect(type).toBe("application/problem+json");
    expect(body).toMatchObject({
      type: "urn:edgemore:problem:invalid-parameter",
      title: "Invalid parameter",
      status: 400,
    });
    expect(body.errors).toHaveLength(1);
    expect(body.errors[0].parameter).toBe(parameter);
    expect(body.errors[0].message).toContain(message);
    expect(body.detail).toBe(`${parameter} ${body.errors[0].message}`);
  });

  test("names every parameter that is wrong", async () => {
    const { body } = await app.ask<Problem>("/generate?n=x&temperature=y&colour=z");
    expect(body.errors.map(({ parameter }) => parameter)).toEqual(["n", "temperature", "colour"]);
  });
});

describe("models", () => {
  test("are listed by their cards, and each is had by its name", async () => {
    const files = await modelFiles();
    const { status, body } = await app.ask("/models");
    expect(status).toBe(200);
    const cards = files.map(({ card }) => ({ ...parseModelCard(card), version: cardVersion(card) }));
    expect(body).toEqual(cards);
    for (const card of cards) expect((await app.ask(`/models/${card.name}`)).body).toEqual(card);
  });

  test.each([
    ["/generate?model=gpt", "model"],
    ["/score?name=a&model=gpt", "model"],
    ["/models/gpt", "name"],
  ])("%s is not found", async (path, parameter) => {
    const { status, type, body } = await app.ask<Problem>(path);
    expect(status).toBe(404);
    expect(type).toBe("application/problem+json");
    expect(body.errors).toEqual([
      { parameter, message: 'must be a model of this server (bigram, gru, mlp), got "gpt"' },
    ]);
  });
});

test("/health tells of the server and its models", async () => {
  const { status, body } = await app.ask("/health");
  expect(status).toBe(200);
  expect(body).toEqual({
    status: "ok",
    runtime: "test",
    default_model: "gru",
    models: (await modelFiles()).map(({ name, card }) => ({
      name,
      status: "ready",
      version: cardVersion(card),
      training_names: true,
    })),
  });
});

test("a route that is not there is a problem too", async () => {
  const { status, type, body } = await app.ask<Problem>("/nothing");
  expect([status, type]).toEqual([404, "application/problem+json"]);
  expect(body.detail).toContain("GET /nothing");
});

describe("/openapi.json", () => {
  interface Document {
    openapi: string;
    paths: Record<string, {
      get: { parameters?: { name: string; schema: object }[]; responses: object };
      post?: { requestBody: { content: object }; responses: object };
    }>;
  }

  test("describes every route, parameter and answer", async () => {
    const { body } = await app.ask<Document>("/openapi.json");
    expect(body.openapi).toBe("3.1.0");
    expect(Object.keys(body.paths).sort()).toEqual([
      "/generate",
      "/health",
      "/models",
      "/models/{name}",
      "/models/{name}/model.onnx",
      "/models/{name}/training_names.txt",
      "/next",
      "/score",
    ]);
    const { parameters, responses } = body.paths["/generate"].get;
    expect(parameters!.map(({ name }) => name)).toEqual(
      [
        "n",
        "model",
        "temperature",
        "top_k",
        "top_p",
        "prefix",
        "min_length",
        "max_length",
        "seed",
        "unique",
        "novel",
        "compat",
        "last-event-id",
      ],
    );
    expect(parameters![0].schema).toMatchObject({ type: "integer", minimum: 1, maximum: 1000, default: 10 });
    expect(Object.keys(responses)).toEqual(
      ["200", "204", "304", "400", "401", "404", "405", "414", "422", "429", "500", "503"],
    );
    const { post } = body.paths["/score"];
    expect(Object.keys(post!.requestBody.content)).toEqual(["application/json", "text/plain"]);
    expect(Object.keys(post!.responses)).toEqual(
      ["200", "400", "401", "404", "405", "408", "413", "414", "415", "429", "500", "503"],
    );
  });
});
