import { type Activation, requireUnread } from "../activation.ts";
import { padded, Region } from "../region.ts";
import { paddedRows } from "../rows.ts";
import type { Tape } from "../tape.ts";

/**
 * A linear layer, x W + b: (b, in) -> (b, columns).
 *
 * @param plus What is added before the bias, (b, columns). It is overwritten, and returned.
 */
export function linear(
  tape: Tape,
  x: Activation,
  columns: number,
  { weight, bias, plus }: { weight: string; bias?: string; plus?: Activation },
): Activation {
  const W = tape.matrices[weight] = new Region(x.columns, columns, padded(x.columns));
  const b = bias === undefined ? undefined : tape.vectors[bias] = new Region(1, columns);
  return product(tape, x, W, () => W.gradient, b, plus);
}

/**
 * A linear layer whose weight is a table of embeddings, transposed: x C^T + b: (b, size) -> (b, V).
 *
 * @param names The table, which {@link table} placed, and the bias.
 */
export function tiedLinear(tape: Tape, x: Activation, names: { table: string; bias?: string }): Activation {
  const C = tape.matrices[names.table];
  const V = C.rows;
  const W = tape.room(new Region(x.columns, V, padded(x.columns)));
  const dW = tape.room(new Region(x.columns, V, padded(x.columns)));
  const dC = tape.room(new Region(V, x.columns, padded(V)));
  const b = names.bias === undefined ? undefined : tape.vectors[names.bias] = new Region(1, V);
  tape.onForward(({ kernel }) =>
    kernel.transpose(W.address, W.stride, C.address, C.stride, C.paddedRows, C.paddedColumns)
  );
  tape.afterBackward(({ kernel }) => {
    kernel.transpose(dC.address, dC.stride, dW.address, dW.stride, dW.paddedRows, dW.paddedColumns);
    kernel.addRow(C.gradient, C.bytes, dC.address, 1);
  });
  return product(tape, x, W, () => dW.address, b);
}

/** x W + b, or x W + b + plus. */
function product(
  tape: Tape,
  x: Activation,
  W: Region,
  gradientOfW: () => number,
  b: Region | undefined,
  plus?: Activation,
): Activation {
  const { columns } = W;
  const transposed = tape.room(new Region(columns, x.columns, padded(columns)));
  const zeros = tape.room(new Region(1, Math.max(x.columns, columns)));
  const out = plus ? requireUnread(plus) : tape.activation(columns, {}, x.rows);
  if (plus && b) {
    tape.onForward(({ kernel, batch }) => kernel.addRow(out.address, out.stride, b.address, batch));
  }
  tape.onForward(({ kernel, rows }) =>
    kernel.linear(
      out.address,
      out.stride,
      x.address,
      x.stride,
      W.address,
      plus ? out.address : (b ?? zeros).address,
      plus ? out.stride : 0,
      x.rows === undefined ? rows : paddedRows(x.rows),
      W.paddedColumns,
      x.columns,
    )
  );
  x.readers.push(({ kernel, batch, rows }, isFirst) =>
    kernel.linearGradient(
      gradientOfW(),
      b?.gradient ?? 0,
      x.gradient,
      isFirst ? zeros.address : x.gradient,
      isFirst ? 0 : x.stride,
      x.address,
      x.stride,
      W.address,
      transposed.address,
      out.gradient,
      out.stride,
      x.rows ?? batch,
      x.rows === undefined ? rows : paddedRows(x.rows),
      transposed.paddedColumns,
      W.paddedColumns,
      columns,
    )
  );
  return out;
}
