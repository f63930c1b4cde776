import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import { fullFormats } from "ajv-formats/dist/formats.js";

/** What an operation answers with one status. */
export interface DocumentedResponse {
  $ref?: string;
  headers?: Record<string, unknown>;
  content?: Record<
    string,
    { schema: object; example?: unknown; examples?: Record<string, { value: unknown }> }
  >;
}

/** The parts of an OpenAPI document that the tests read. */
export interface OpenApiDocument {
  openapi: string;
  paths: Record<string, Record<string, { operationId: string; tags: string[]; responses: Responses }>>;
  components: { responses: Responses; schemas: Record<string, object> };
}

type Responses = Record<string, DocumentedResponse>;

/** Judges answers by an OpenAPI document. */
export class DocumentedApi {
  readonly #ajv = new Ajv2020({ strict: false, formats: fullFormats });
  readonly #schemas = new Map<object, ValidateFunction>();

  constructor(readonly document: OpenApiDocument) {
    this.#ajv.addSchema({ $id: "document:", components: document.components });
  }

  /** The response that an operation documents for a status; undefined where it documents none. */
  response(path: string, method: string, status: number): DocumentedResponse | undefined {
    return this.resolve(this.document.paths[path]?.[method.toLowerCase()]?.responses[status]);
  }

  /** A response, or the one that it refers to. */
  resolve(response: DocumentedResponse | undefined): DocumentedResponse | undefined {
    const name = response?.$ref?.split("/").at(-1);
    return name === undefined ? response : this.document.components.responses[name];
  }

  /** What is wrong with a value by a schema of the document; undefined where nothing is. */
  faults(schema: object, value: unknown): string | undefined {
    let validate = this.#schemas.get(schema);
    if (!validate) {
      const text = JSON.stringify(schema).replaceAll('"#/components', '"document:#/components');
      validate = this.#ajv.compile(JSON.parse(text) as object);
      this.#schemas.set(schema, validate);
    }
    return validate(value) ? undefined : this.#ajv.errorsText(validate.errors);
  }
}
