import { Problem } from "../problem.ts";

/** What the bodies of all requests may hold together, in bytes. */
const MAX_BODIES_BYTES = 2 ** 24;

/** What one body holds of the memory for all. */
export interface HeldBody {
  /**
   * Counts bytes that have come.
   *
   * @throws {Problem} 503 if there is no room, and no unfinished body that is older to make some.
   */
  add(bytes: number): void;
  /** Rejects with a {@link Problem} 503 when this body has to make room for another. */
  evicted: Promise<never>;
  /** The body is whole: from now on it makes no room for others. */
  complete(): void;
  /** Nothing of it is held any more. */
  release(): void;
}

/** An unfinished body, or one that is whole and being answered. */
interface Body {
  bytes: number;
  evict: (problem: Problem) => void;
}

/**
 * Bounds what bodies hold in memory together. Where there is no room for one more piece, the oldest unfinished body is
 * given up: clients that send bodies and never end them make room for those that do.
 */
export class BodyMemory {
  readonly #limit: number;
  #held = 0;
  /** Oldest first. */
  readonly #unfinished = new Set<Body>();

  /** @param limit What all bodies may hold together, in bytes. */
  constructor(limit = MAX_BODIES_BYTES) {
    this.#limit = limit;
  }

  /** Begins a body. */
  hold(): HeldBody {
    const { promise: evicted, reject: evict } = Promise.withResolvers<never>();
    evicted.catch(() => {}); // heard of where it is raced
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
