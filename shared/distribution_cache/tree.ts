import type { NameStream } from "../random/name_stream.ts";
import type { Work } from "../work.ts";

/** An epoch in which no row is valid: those of nodes begin at 0. */
export const NO_EPOCH = -1;

/** The node of a text without its last token. */
export interface Parent {
  row: number;
  /** The epoch in which the row is the node's. */
  epoch: number;
}

/** Some beginnings of one text: its first `from`, `from + 1`, … `to` tokens. */
export interface Wanted {
  readonly tokens: readonly number[];
  readonly from: number;
  readonly to: number;
  /** The parent of the last of them, so that it need not be looked up from the root. Default: not known. */
  readonly parent?: Readonly<Parent>;
}

/** Finds the nodes of beginnings, and has the model compute the missing ones. */
export interface Tree {
  /** The most beginnings in a run. */
  readonly maxRun: number;
  /** Whether any beginning waits for a run. */
  readonly waiting: boolean;
  /**
   * The row of a beginning, or UNKNOWN.
   *
   * @param tokens An array that starts with the beginning's tokens.
   * @param length The number of those tokens.
   */
  find(tokens: readonly number[], length: number): number;
  /**
   * The row of a beginning whose parent is known, or UNKNOWN.
   *
   * @param parent The row of the beginning without that token.
   */
  findNext(parent: number, tokens: readonly number[], length: number): number;
  /**
   * Adds the beginnings without a node, at most {@link maxRun} of them, to those that wait for a run.
   *
   * @throws {WorkLimitError} If they exceed the limit of the work.
   */
  want(wanted: readonly Wanted[], work?: Work): void;
  /**
   * Runs the model for the beginnings that have waited longest, and adds their nodes.
   *
   * @returns The estimated cost, in milliseconds.
   * @throws {BrokenModelError} If a row is not a distribution.
   */
  run(): Promise<number>;
  /** Removes all nodes and all waiting beginnings. */
  clear(): void;
}

/** A text that is being drawn. */
export interface Draft {
  /** The first `length` of these are its tokens so far. */
  readonly tokens: number[];
  length: number;
  /** The sum of their log-probabilities, and of that of its end. */
  logLikelihood: number;
  /** What it is drawn with. */
  readonly stream: NameStream;
  /** Where its last token was drawn. */
  readonly parent: Parent;
  /** Whether its end has been drawn. */
  complete: boolean;
  /** The row of its tokens, as {@link Rows.drawTogether} needs it. */
  row: number;
  /** The cell that was drawn last there. */
  cell: number;
}

/** The distributions of nodes, a row each. A cell of a row is a token, and is a number that is valid as long as the row. */
export interface Rows {
  /**
   * Draws a cell from a row.
   *
   * @param random Gives random integers from 0 to 2^32 - 1.
   */
  draw(row: number, random: { next(): number }): number;
  /**
   * Draws tokens for drafts, each from its row and from those that the cells link to: until it is complete, to a cell without a link,
   * or until it has some length. Only tables with links have this.
   *
   * @param drafts All shorter than that. The tokens are appended to them.
   */
  drawTogether?(drafts: readonly Draft[], maxLength: number): void;
  /** The row of a cell. */
  row(cell: number): number;
  /** The cell of a token in a row. */
  cell(row: number, token: number): number;
  /** The token of a cell. */
  token(cell: number): number;
  /** The log-probability of a cell. */
  logProb(cell: number): number;
  /** The row that a cell links to, or UNKNOWN. */
  next(cell: number): number;
  /** Links a cell to a row, or, with UNKNOWN, to none; tables without links ignore it. */
  link(cell: number, row: number): void;
  /** The log-probabilities of a row, by token. */
  logProbs(row: number): Float32Array;
}

/** The nodes of a tree, as a cursor sees them. */
export interface Nodes {
  readonly rows: Rows;
  /** Increases whenever rows are reassigned to other nodes. */
  readonly epoch: number;
  /** The number of nodes. */
  readonly count: number;
  /** Removes all nodes, and frees their memory. */
  clear(): void;
}
