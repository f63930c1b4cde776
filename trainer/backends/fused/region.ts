/** Bytes of a float32 or an int32. */
export const WORD = 4;
/** Columns of the blocks that `kernel/matrix.ts` multiplies. Matrices are padded to whole blocks. */
const BLOCK_COLUMNS = 8;

/** A matrix in the kernel's memory, or a vector, which has one row. */
export class Region {
  /** In bytes; set when memory is laid out. */
  address = 0;
  /** Of a parameter that is trained: the address of its gradient. */
  gradient = 0;

  /** @param paddedRows Rows in memory, rounded up to whole blocks if a product of matrices reads them. */
  constructor(
    readonly rows: number,
    readonly columns: number,
    readonly paddedRows = rows,
    readonly paddedColumns = padded(columns),
  ) {}

  /** Bytes from one row to the next. */
  get stride(): number {
    return this.paddedColumns * WORD;
  }

  get bytes(): number {
    return this.paddedRows * this.stride;
  }
}

/** A number of columns, or of rows that become columns when transposed, rounded up to whole blocks. */
export function padded(size: number): number {
  return Math.ceil(size / BLOCK_COLUMNS) * BLOCK_COLUMNS;
}
