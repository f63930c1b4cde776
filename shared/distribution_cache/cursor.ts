import type { NameStream } from "../random/name_stream.ts";
import { UNKNOWN } from "./key_table.ts";
import { type Draft, NO_EPOCH, type Nodes, type Tree } from "./tree.ts";

/** A cursor was used without a node, or after its node may have been removed. */
export class StaleCursorError extends Error {
  override name = "StaleCursorError";

  constructor() {
    super("Cannot use the cursor: it has no node or token, or its node may have been removed; seek first");
  }
}

/**
 * A position in a tree. It moves from node to node along the tokens that are drawn or chosen.
 *
 * The cache's memory is bounded, so any other look-up may remove a cursor's node, in particular during an `await`. A cursor
 * notices this, and throws until it has {@link seek} again.
 */
export class Cursor {
  readonly #nodes: Nodes;
  readonly #tree: Tree;
  #row = UNKNOWN;
  /** The epoch in which the row is good, or {@link NO_EPOCH} where there is none. */
  #epoch = NO_EPOCH;
  /** The cell of the chosen token. */
  #cell = UNKNOWN;
  /** The log-probability of the token that was chosen last. */
  logProb = NaN;

  constructor(nodes: Nodes, tree: Tree) {
    this.#nodes = nodes;
    this.#tree = tree;
  }

  /**
   * Moves to the node of a beginning.
   *
   * @param tokens An array that starts with the beginning's tokens.
   * @param length How many they are.
   * @returns Whether there is such a node.
   */
  seek(tokens: readonly number[], length: number): boolean {
    return this.#goTo(this.#tree.find(tokens, length));
  }

  /** Moves to the node of a draft as {@link seek}, from where its last token was drawn if that is still a node. */
  resume({ tokens, length, parent }: Pick<Draft, "tokens" | "length" | "parent">): boolean {
    return parent.epoch === this.#nodes.epoch
      ? this.#goTo(this.#tree.findNext(parent.row, tokens, length))
      : this.seek(tokens, length);
  }

  /** Remembers in a draft that the node is where its last token was drawn. */
  leave({ parent }: Pick<Draft, "parent">): void {
    parent.row = this.#row;
    parent.epoch = this.#epoch;
  }

  /**
   * Draws the next token from the node's distribution.
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
   * Draws tokens for drafts, each from its node and that one's descendants: until it is complete, or has some length, or a node is
   * missing. The nodes remember their links. Where a tree has no links, nothing is drawn. The cursor does not move.
   *
   * @param drafts All shorter than that. The tokens are appended to them.
   */
  drawTogether(drafts: readonly Draft[], maxLength: number): void {
    const { rows, epoch } = this.#nodes;
    if (rows.drawTogether === undefined) return;
    let walking = drafts.filter((draft) => {
      draft.parent.epoch = NO_EPOCH;
      draft.row = this.#tree.find(draft.tokens, draft.length);
      return draft.row !== UNKNOWN;
    });
    // In a later epoch, the rows are those of other nodes.
    while (walking.length > 0 && epoch === this.#nodes.epoch) {
      rows.drawTogether(walking, maxLength);
      walking = walking.filter((draft) => {
        if (draft.complete || draft.length === maxLength) return false;
        draft.row = this.#tree.findNext(rows.row(draft.cell), draft.tokens, draft.length);
        if (epoch === this.#nodes.epoch) rows.link(draft.cell, draft.row);
        return draft.row !== UNKNOWN;
      });
    }
  }

  /**
   * Chooses the next token.
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
   * Moves to the child of the node along the token that was drawn or chosen. The node remembers the link.
   *
   * @param tokens An array that starts with the child's tokens; the chosen token is the last of them.
   * @param length How many they are.
   * @returns Whether there is such a node.
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
    if (epoch === this.#nodes.epoch) rows.link(this.#cell, next); // otherwise the cell belongs to another node now
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
