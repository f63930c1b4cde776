import { deferred } from "../../shared/deferred.ts";
import { Problem } from "../problem.ts";

/** The memory for all request bodies together, in bytes. */
const MAX_BODIES_BYTES = 2 ** 24;

/** The part of a {@link BodyMemory} that one body holds. */
export interface HeldBody {
  /**
   * Reserves memory for bytes that have arrived.
   *
   * @throws {Problem} 503 if there is too little memory, even without the older unfinished bodies.
   */
  add(bytes: number): void;
  /** Rejects with a {@link Problem} 503 when this body is evicted for another. */
  evicted: Promise<never>;
  /** Marks the body as complete, after which it is not evicted. */
  complete(): void;
  /** Frees the memory of the body. */
  release(): void;
}

/** A body that is being received or answered. */
interface Body {
  bytes: number;
  evict: (problem: Problem) => void;
}

/**
 * Limits the memory that all request bodies hold together. If there is too little for another chunk, the oldest unfinished
 * body is evicted, so that clients which never finish their bodies cannot lock out others.
 */
export class BodyMemory {
  readonly #limit: number;
  #held = 0;
  /** Oldest first. */
  readonly #unfinished = new Set<Body>();

  /** @param limit The memory for all bodies together, in bytes. */
  constructor(limit = MAX_BODIES_BYTES) {
    this.#limit = limit;
  }

  /** Registers a body that is about to be received. */
  hold(): HeldBody {
    const { promise: evicted, reject: evict } = deferred<never>();
    evicted.catch(() => {}); // handled where it is raced
    const body: Body = { bytes: 0, evict };
    this.#unfinished.add(body);
    const release = () => {
      this.#unfinished.delete(body);
      this.#held -= body.bytes;
      body.bytes = 0;
    };
    return {
      add: (bytes) => {
        this.#makeRoom(bytes, body);
        this.#held += bytes;
        body.bytes += bytes;
      },
      evicted,
      complete: () => void this.#unfinished.delete(body),
      release,
    };
  }

  #makeRoom(bytes: number, wanted: Body): void {
    for (const body of this.#unfinished) {
      if (this.#held + bytes <= this.#limit) return;
      if (body === wanted) break;
      this.#unfinished.delete(body);
      this.#held -= body.bytes;
      body.bytes = 0;
      body.evict(busy());
    }
    if (this.#held + bytes > this.#limit) throw busy();
  }
}

function busy(): Problem {
  const detail = "The bodies of other requests take all the memory there is for bodies; ask again in 1 s";
  return new Problem("server-busy", detail, [], { "retry-after": "1" });
}
