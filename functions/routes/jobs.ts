import { type OpenAPIHono, type RouteConfig, z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { SCORE_FORMATS, type ScoreFormatName } from "../../shared/score_formats.ts";
import { once } from "../../shared/once.ts";
import type { Registry } from "../inference/registry.ts";
import type { Job } from "../jobs/job.ts";
import { jobResult, PAGE_CHUNKS } from "../jobs/job_result.ts";
import { type JobOptions, type Jobs, KEPT_DAYS } from "../jobs/jobs.ts";
import { Problem } from "../problem.ts";
import { BodyMemory } from "../requests/body_memory.ts";
import { bodyType, requireUnencoded } from "../requests/names_body.ts";
import { flag, modelParameter, oneOf, queryOf, wholeNumber } from "../requests/parameters.ts";
import { invalidParameters, queryReader } from "../requests/query.ts";
import { BODY_TIMEOUT, bodyChunks, readBody } from "../requests/request_body.ts";
import { type LazyRoute, lazyRoute } from "./lazy_route.ts";
import { modelProblems, problemResponse } from "./problem_responses.ts";
import { textStream } from "./text_stream.ts";

/** Objects of the bucket that a job may read begin with this: not the lists of other jobs. */
const LISTS = "lists/";
/** The most bytes of a body that names an object. */
const MAX_KEY_BODY = 4096;
/** Lists that are uploaded at a time; each takes 5 MiB of the memory of a Worker. */
const MAX_UPLOADS = 4;
/** Seconds after which another list may be sent. */
const BUSY_RETRY_AFTER = 5;
/** Seconds after which a job that is not done may be asked for again. */
const RETRY_AFTER = 5;
/** The most chunks of a job, with the largest list that R2 takes. */
const MAX_CHUNK = 2 ** 31;

const MEDIA_TYPES: Record<ScoreFormatName, string> = {
  ndjson: "application/x-ndjson",
  csv: "text/csv; charset=utf-8",
};

const query = queryOf({
  model: modelParameter,
  format: oneOf(Object.keys(SCORE_FORMATS) as ScoreFormatName[], {
    default: "ndjson",
    description: "The format of the result: the lines of `POST /score`, or CSV",
  }).optional(),
  characters: flag({
    default: true,
    description: "Include each character, like `POST /score`; CSV never has them",
  }).optional(),
});
const resultQuery = queryOf({
  from: wholeNumber({
    minimum: 0,
    maximum: MAX_CHUNK,
    default: 0,
    description: "The index of the first chunk of a page; `Link` has it",
  }).optional(),
});
const [readQuery, readResultQuery] = [queryReader(query), queryReader(resultQuery)];

const objectBody = once(() =>
  z.strictObject({
    key: z.string().min(LISTS.length + 1).max(1024).regex(new RegExp(`^${LISTS}`)).openapi({
      description: `The key of an object in the bucket of jobs, below ${LISTS}: UTF-8, one name a line`,
      example: "lists/towns.txt",
    }),
  })
);

const progress = (things: string) =>
  z.object({
    total: z.int().nullable().openapi({
      description: `How many ${things} the list has; null until it is cut`,
      example: 40,
    }),
    done: z.int().openapi({ example: 12 }),
    failed: z.int().openapi({ example: 0 }),
  });

const answer = once(() =>
  z.object({
    id: z.string().openapi({
      description: "Who knows it can read and cancel the job",
      example: "0d9cf5b5-7a2e-4a9d-9d5e-3a0a6d1c2f11",
    }),
    state: z.enum(["cutting", "scoring", "done", "failed", "cancelled", "expired"]).openapi({
      description:
        "cutting: the list is being cut into chunks, and the first are scored; scoring: all chunks are known; done: each " +
        "chunk is scored or has failed; failed: the list cannot be cut; cancelled, expired: the results are gone",
      example: "scoring",
    }),
    model: z.string().openapi({ description: "The model, pinned to its file", example: "gru@c2d60bc2" }),
    format: z.enum(Object.keys(SCORE_FORMATS) as [ScoreFormatName]),
    characters: z.boolean(),
    created: z.iso.datetime(),
    expires: z.iso.datetime().openapi({ description: "When the job and its result are gone" }),
    bytes: z.int().openapi({ description: "The length of the list", example: 7_123_456 }),
    chunks: progress("chunks"),
    lines: progress("lines"),
    failures: z.array(z.object({
      first_line: z.int(),
      lines: z.int(),
      reason: z.string(),
    })).openapi({ description: "The first parts of the list that could not be scored" }),
    result: z.string().nullable().openapi({
      description: "The path of the result, once the job is done",
      example: null,
    }),
  }).openapi("Job")
);

type Answer = z.infer<ReturnType<typeof answer>>;

const EXAMPLE: Answer = {
  id: "0d9cf5b5-7a2e-4a9d-9d5e-3a0a6d1c2f11",
  state: "scoring",
  model: "gru@c2d60bc2",
  format: "ndjson",
  characters: true,
  created: "2026-11-26T08:00:00.000Z",
  expires: "2026-12-03T08:00:00.000Z",
  bytes: 7_123_456,
  chunks: { total: 40, done: 12, failed: 0 },
  lines: { total: 1_000_000, done: 300_412, failed: 0 },
  failures: [],
  result: null,
};

const params = once(() =>
  z.object({ id: z.string().openapi({ description: "The job's id", example: EXAMPLE.id }) })
);
const unknownJobResponse = once(() =>
  problemResponse("There is no such job, or it expired some time ago", {
    "An unknown job": unknownJob(EXAMPLE.id),
  })
);
const goneResponse = once(() =>
  problemResponse("The job was cancelled or has expired", {
    "A cancelled job": gone("cancelled"),
  })
);

function answered(description: string) {
  return { description, content: { "application/json": { schema: answer(), example: EXAMPLE } } };
}

const create = lazyRoute("post", "/jobs", () => ({
  operationId: "createJob",
  tags: ["jobs"],
  summary: "Score a long list in the background",
  description:
    "Takes a list of any length, cuts it into chunks and scores them, many at a time. The result is that of " +
    `\`POST /score\`, without its limits. It is kept for ${KEPT_DAYS} days.`,
  request: {
    query: query.schema(),
    body: {
      required: true,
      description: "Text with one name a line, in UTF-8, or the key of an object in the bucket of jobs",
      content: {
        "text/plain": { schema: z.string().openapi({ example: "andrej\nr2-d2\n" }) },
        "application/json": { schema: objectBody() },
      },
    },
  },
  responses: {
    202: answered("The job, which has begun"),
    ...modelProblems(),
    408: problemResponse("The body arrives too slowly", {
      "Nothing received": new Problem("request-timeout", "The body kept the server waiting for 30 s"),
    }),
    413: problemResponse("The body with the key is too long", {
      "Too long": new Problem("body-too-large", `The body must have at most ${MAX_KEY_BODY} bytes, has 5000`),
    }),
    415: problemResponse("The body is neither application/json nor text/plain in UTF-8", {
      "An image": new Problem(
        "unsupported-media-type",
        'The body must be application/json or text/plain, in UTF-8, got "image/png"',
      ),
    }),
    503: problemResponse("The model is broken or still opening, or too many lists are being received", {
      "A model that cannot be run": new Problem(
        "broken-model",
        "Model mlp cannot answer: mlp.onnx is missing",
      ),
      "Too many lists": busy(),
    }),
  },
}));

/** A route of the job whose id is in the path. */
function routeOfJob(
  method: RouteConfig["method"],
  path: string,
  describe: () => Pick<RouteConfig, "operationId" | "summary" | "responses">,
): LazyRoute {
  return lazyRoute(method, path, () => {
    const { responses, ...described } = describe();
    return {
      tags: ["jobs"],
      request: { params: params() },
      ...described,
      responses: { ...responses, 404: unknownJobResponse() },
    };
  });
}

const read = routeOfJob("get", "/jobs/{id}", () => ({
  operationId: "job",
  summary: "See how far a job is",
  responses: { 200: answered("The job") },
}));

const result = lazyRoute("get", "/jobs/{id}/result", () => ({
  operationId: "jobResult",
  tags: ["jobs"],
  summary: "Download the result of a job",
  description:
    "The scores of all lines, in order. In place of a chunk that has failed there is one line, with an `error`. The " +
    `result of more than ${PAGE_CHUNKS} chunks comes in pages: \`Link\` has the next one, with rel="next".`,
  request: { params: params(), query: resultQuery.schema() },
  responses: {
    200: {
      description: "The result, or a page of it",
      content: Object.fromEntries(
        Object.values(MEDIA_TYPES).map((type) => [type, {
          schema: z.string(),
          example: "",
        }]),
      ),
    },
    400: modelProblems()[400],
    404: unknownJobResponse(),
    409: problemResponse("The job is not done", { "Not done": notDone("scoring") }),
    410: goneResponse(),
  },
}));

const cancel = routeOfJob("delete", "/jobs/{id}", () => ({
  operationId: "cancelJob",
  summary: "Cancel a job, and remove its list and result",
  responses: { 200: answered("The job, which is cancelled") },
}));

const resume = routeOfJob("post", "/jobs/{id}/resume", () => ({
  operationId: "resumeJob",
  summary: "Do again what of a job has failed or was lost",
  responses: { 202: answered("The job, which goes on"), 410: goneResponse() },
}));

/** The routes of jobs, for the OpenAPI document. */
export const routes: readonly LazyRoute[] = [create, read, result, cancel, resume];

/** Adds the routes of jobs to an application. */
export function addJobRoutes(
  app: OpenAPIHono,
  registry: Registry,
  jobs: Jobs,
  timeout: number = BODY_TIMEOUT,
): void {
  const memory = new BodyMemory();
  let uploads = 0;
  app.post("/jobs", async (context) => {
    const { model, format = "ndjson", characters = true } = readQuery(context);
    requireUnencoded(context);
    const type = bodyType(context);
    const options: JobOptions = {
      model: await registry.get(model),
      format,
      characters: characters && format === "ndjson",
    };
    if (type === "text/plain") {
      if (uploads === MAX_UPLOADS) throw busy();
      uploads++;
      try {
        const job = await jobs.upload(bodyChunks(context.req.raw, timeout), options);
        return context.json(await describe(jobs, job), 202);
      } finally {
        uploads--;
      }
    }
    const { bytes, release } = await readBody(context.req.raw, {
      maxBytes: MAX_KEY_BODY,
      instead: "send a list as text/plain",
      memory,
      timeout,
    });
    release();
    const key = parseKey(bytes);
    const job = await jobs.ofObject(key, options);
    if (job !== null) return context.json(await describe(jobs, job), 202);
    throw keyProblem(`must be the key of an object in the bucket of jobs, got ${JSON.stringify(key)}`);
  });
  app.get("/jobs/:id", async (context) => context.json(await describe(jobs, await find(jobs, context))));
  app.delete("/jobs/:id", async (context) => {
    const job = await find(jobs, context);
    return context.json(await describe(jobs, await jobs.cancel(job)));
  });
  app.post("/jobs/:id/resume", async (context) => {
    const job = await find(jobs, context);
    const { state } = await jobs.status(job);
    if (state === "cancelled" || state === "expired") throw gone(state);
    await jobs.resume(job);
    return context.json(await describe(jobs, job), 202);
  });
  app.get("/jobs/:id/result", async (context) => {
    const { from = 0 } = readResultQuery(context);
    const job = await find(jobs, context);
    const { state, chunks } = await jobs.status(job);
    if (state === "cancelled" || state === "expired") throw gone(state);
    if (state !== "done") throw notDone(state);
    const next = from + PAGE_CHUNKS;
    if (next < chunks.total!) context.header("link", `</jobs/${job.id}/result?from=${next}>; rel="next"`);
    return context.body(textStream(jobResult(jobs.store, job, from)), 200, {
      "content-type": MEDIA_TYPES[job.format],
    });
  });
}

function busy(): Problem {
  const detail = `${MAX_UPLOADS} lists are being received already; ask again in ${BUSY_RETRY_AFTER} s`;
  return new Problem("server-busy", detail, [], { "retry-after": String(BUSY_RETRY_AFTER) });
}

/** @throws {Problem} 404 if there is no such job. */
async function find(jobs: Jobs, context: Context): Promise<Job> {
  const id = context.req.param("id")!;
  const job = /^[0-9a-f-]{36}$/.test(id) ? await jobs.find(id) : null;
  if (job === null) throw unknownJob(id);
  return job;
}

async function describe(jobs: Jobs, job: Job): Promise<Answer> {
  const { state, chunks, lines, failures } = await jobs.status(job);
  const { id, model, format, characters, created, expires, list } = job;
  return {
    id,
    state,
    model: `${model.name}@${model.sha256.slice(0, 8)}`,
    format,
    characters,
    created: new Date(created).toISOString(),
    expires: new Date(expires).toISOString(),
    bytes: list.bytes,
    chunks,
    lines,
    failures: failures.map(({ chunk, reason }) => ({
      first_line: chunk?.firstLine ?? 1,
      lines: chunk?.lines ?? 0,
      reason,
    })),
    result: state === "done" ? `/jobs/${id}/result` : null,
  };
}

/** @throws {Problem} 400 if the body does not name an object. */
function parseKey(bytes: Uint8Array): string {
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (error) {
    throw Problem.ofParameters("invalid-parameter", [
      { parameter: "body", message: `is not JSON: ${(error as Error).message}` },
    ]);
  }
  const parsed = objectBody().safeParse(json);
  if (parsed.success) return parsed.data.key;
  if (parsed.error.issues[0].path[0] === "key") throw keyProblem(`must be a key that begins with ${LISTS}`);
  throw invalidParameters(parsed.error);
}

function keyProblem(message: string): Problem {
  return Problem.ofParameters("invalid-parameter", [{ parameter: "key", message }]);
}

function unknownJob(id: string): Problem {
  return new Problem("unknown-job", `There is no job ${JSON.stringify(id)}`);
}

function gone(state: "cancelled" | "expired"): Problem {
  return new Problem("job-gone", state === "cancelled" ? "The job was cancelled" : "The job has expired");
}

function notDone(state: string): Problem {
  return state === "failed"
    ? new Problem("job-unfinished", "The list could not be cut; the job says why")
    : new Problem(
      "job-unfinished",
      `The job is not done, it is ${state}; ask again in ${RETRY_AFTER} s`,
      [],
      {
        "retry-after": String(RETRY_AFTER),
      },
    );
}
