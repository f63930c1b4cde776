import type { NameStream } from "../random/name_stream.ts";
import { UNKNOWN } from "./key_table.ts";
import type { NodeStore } from "./nodes.ts";
import type { Tree } from "./tree.ts";

/** The epochs of nodes begin at 0. */
const NO_EPOCH = -1;

/** A cursor was used after its node may have been removed: {@link Cursor.seek} has to come first. */
export class StaleCursorError extends Error {
  override name = "StaleCursorError";

  constructor() {
    super("Cannot use the cursor: it has no node or token, or its node may have been removed; seek first");
  }
}

/**
 * A place in a tree. It goes from node to node while nodes are known, and chooses tokens on its way.
 *
 * Memory is bounded, so a node may be removed whenever another is looked for, in particular across an `await`. A cursor
 * notices: it has to {@link seek} again then.
 */
export class Cursor {
  readonly #nodes: NodeStore;
  readonly #tree: Tree;
  #row = UNKNOWN;
  /** The epoch in which the row is good, or {@link NO_EPOCH} where there is none. */
  #epoch = NO_EPOCH;
  /** The cell of the token that was chosen. */
  #cell = UNKNOWN;
  /** The log-probability of the token that was chosen last. */
  logProb = NaN;

  constructor(nodes: NodeStore, tree: Tree) {
    this.#nodes = nodes;
    this.#tree = tree;
  }

  /**
   * Goes to the node of a beginning.
   *
   * @param tokens An array that starts with the beginning's tokens.
   * @param length How many they are.
   * @returns Whether there is one.
   */
  seek(tokens: readonly number[], length: number): boolean {
    return this.#goTo(this.#tree.find(tokens, length));
  }

  /**
   * Draws the next token from the node's distribution, and chooses it.
   *
   * @throws {StaleCursorError}
   */
  draw(stream: NameStream): number {
    this.#requireNode();
    const { rows } = this.#nodes;
    const cell = this.#cell = rows.draw(this.#row, stream);
    this.logProb = rows.logProb(cell);
    return rows.token(cell);
  }

  /**
   * Chooses a token.
   *
   * @throws {StaleCursorError}
   */
  choose(token: number): number {
    this.#requireNode();
    const { rows } = this.#nodes;
    const cell = this.#cell = rows.cell(this.#row, token);
    this.logProb = rows.logProb(cell);
    return token;
  }

  /**
   * Goes to the node that the chosen token leads to. The way is noted: the next time no key is looked up.
   *
   * @param tokens An array that starts with the beginning's tokens, the chosen one the last of them.
   * @param length How many they are.
   * @returns Whether there is one.
   * @throws {StaleCursorError} Also if no token was chosen at this node.
   */
  advance(tokens: readonly number[], length: number): boolean {
    const { rows, epoch } = this.#nodes;
    if (this.#cell === UNKNOWN || this.#epoch !== epoch) throw new StaleCursorError();
    const linked = rows.next(this.#cell);
    if (linked !== UNKNOWN) {
      this.#row = linked;
      this.#cell = UNKNOWN;
      return true;
    }
    const next = this.#tree.findNext(this.#row, tokens, length);
    if (epoch === this.#nodes.epoch) rows.link(this.#cell, next); // else the cell is another node's now
    return this.#goTo(next);
  }

  /**
   * The node's log-probabilities, [vocabularySize].
   *
   * @throws {StaleCursorError}
   */
  logProbs(): Float32Array {
    this.#requireNode();
    return this.#nodes.rows.logProbs(this.#row);
  }

  #goTo(row: number): boolean {
    this.#row = row;
    this.#cell = UNKNOWN;
    this.#epoch = row === UNKNOWN ? NO_EPOCH : this.#nodes.epoch;
    return row !== UNKNOWN;
  }

  #requireNode(): void {
    if (this.#epoch !== this.#nodes.epoch) throw new StaleCursorError();
  }
}
