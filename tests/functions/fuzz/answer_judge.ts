import type { DocumentedApi } from "../openapi_document.ts";
import type { RandomRequest } from "./random_request.ts";

/** What a server was told that its answers depend on. */
export interface JudgedSettings {
  /** The bearer token that it asks for. */
  token?: string;
  /** The origins whose pages may read its answers. */
  origins?: readonly string[];
}

/** Judges answers to random requests by a server's OpenAPI document and by its settings. */
export class AnswerJudge {
  constructor(readonly api: DocumentedApi, readonly settings: JudgedSettings = {}) {}

  /** What is wrong with an answer; undefined where nothing is. */
  async fault(request: RandomRequest, response: Response): Promise<string | undefined> {
    const text = await response.text().catch((error: Error) => error);
    const wrong = this.#faultOfHead(request, response);
    if (wrong !== undefined || typeof text === "string") {
      return wrong ?? this.#faultOfBody(request, response, text as string);
    }
    // An answer that is made while the request comes ends where that does.
    return request.body?.sent === "broken off" ? undefined : `breaks off: ${text.message}`;
  }

  #faultOfHead({ method, address, headers: asked }: RandomRequest, response: Response): string | undefined {
    const { status, headers } = response;
    if (status >= 500) return "fails";
    for (const name of ["x-request-id", "cache-control"]) if (!headers.has(name)) return `has no ${name}`;
    if (status === 401 && !headers.has("www-authenticate")) return "has no WWW-Authenticate";
    if (status === 429 && !/^[1-9]\d*$/.test(headers.get("retry-after") ?? "")) return "has no Retry-After";
    if (status === 405 && !headers.has("allow")) return "has no Allow";
    const { token, origins } = this.settings;
    const preflight = method === "OPTIONS" && "access-control-request-method" in asked;
    const open = token === undefined || preflight || pathOf(address) === "/health" || status === 414;
    const authorized = /^Bearer +(.*)$/i.exec(asked.authorization ?? "")?.[1] === token;
    if ((status === 401) !== (!open && !authorized)) {
      return authorized ? "refuses its token" : "takes no token";
    }
    const allowed = headers.get("access-control-allow-origin");
    if (origins === undefined) return allowed === "*" ? undefined : `allows ${allowed}, not all origins`;
    return allowed === null || (allowed === asked.origin && origins.includes(allowed))
      ? undefined
      : `allows the origin ${allowed}`;
  }

  #faultOfBody({ method, address }: RandomRequest, response: Response, text: string): string | undefined {
    const { status, headers } = response;
    const { document } = this.api;
    const path = this.#documentedPath(pathOf(address));
    if (pathOf(address) === "/openapi.json" && status < 400) return undefined; // it does not describe itself
    if (method === "OPTIONS" && status === 204) {
      return text === "" && headers.has("allow") ? undefined : "has no Allow";
    }
    const asked = method === "HEAD" ? "GET" : method;
    const known = path !== undefined && document.paths[path][asked.toLowerCase()] !== undefined;
    if (!known && ![401, 404, 405, 414, 429].includes(status)) return "is no error, and no route's";
    const documented = known
      ? this.api.response(path, asked, status)
      : document.components.responses.MethodNotAllowed;
    if (!documented) return "has a status that is not documented";
    if (status === 304 || status === 204) return text === "" ? undefined : "has a body";
    const type = headers.get("content-type")?.split(";")[0] ?? "";
    const content = documented.content?.[type];
    if (!content) return `has the type ${type}, which is not documented`;
    if (method === "HEAD") return text === "" ? undefined : "has a body";
    if (type === "application/x-ndjson") return this.#faultOfLines(text);
    return this.api.faults(content.schema, /[/+]json$/.test(type) ? JSON.parse(text) : text);
  }

  /** Each line is what an element of the array would be. */
  #faultOfLines(text: string): string | undefined {
    const lines = text.split("\n");
    if (lines.pop() !== "") return "ends within a line";
    return this.api.faults({ $ref: "#/components/schemas/Scores" }, lines.map((line) => JSON.parse(line)));
  }

  /** The documented path that an address is of; undefined where none is. */
  #documentedPath(pathname: string): string | undefined {
    if (pathname in this.api.document.paths) return pathname;
    const file = /^\/models\/[^/]+(\/model\.onnx|\/training_names\.txt)?$/.exec(pathname);
    return file === null ? undefined : `/models/{name}${file[1] ?? ""}`;
  }
}

/** The path of an address as the server reads it: dots are resolved. */
function pathOf(address: string): string {
  return new URL(`http://localhost${address}`).pathname;
}
