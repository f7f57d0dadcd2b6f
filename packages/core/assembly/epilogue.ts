// What follows a product while its rows are still in the cache: the bias of each column, then the activation.

import { loadPart, storePart } from "./lanes";
import { applyUnary, unary } from "./unary";

/** The code of "no activation". */
// @ts-ignore: decorator
@inline const NONE: i32 = -1;
/** So many floats stay in the first cache. */
// @ts-ignore: decorator
@inline const NEAR: usize = 4096;

// @ts-ignore: decorator
@inline
function apply(code: i32, x: v128, slope: v128): v128 {
  return code == NONE ? x : applyUnary(code, x, slope, slope);
}

// @ts-ignore: decorator
@inline
function loop(code: i32, c: usize, rows: usize, columns: usize, bias: usize, slope: f32): void {
  const slopes = f32x4.splat(slope);
  const rest = columns & 3;
  for (let row: usize = 0; row < rows; row++) {
    let at = bias;
    const end = c + (columns & ~3) * 4;
    if (c < end) do {
      v128.store(c, apply(code, f32x4.add(v128.load(c), v128.load(at)), slopes));
      c += 16;
      at += 16;
    } while (c < end);
    if (rest) storePart(c, apply(code, f32x4.add(loadPart(c, rest), loadPart(at, rest)), slopes), rest);
    c += rest * 4;
  }
}

/** c[i][j] = f(c[i][j] + bias[j]), in place. `bias` 0 stands for none, code −1 for no activation. */
export function epilogue(c: usize, rows: usize, columns: usize, bias: usize, code: i32, first: f32, second: f32): void {
  if (!bias) {
    if (code != NONE) unary(code, c, c, rows * columns, first, second);
    return;
  }
  switch (code) {
    case NONE: return loop(NONE, c, rows, columns, bias, first);
    case 8: return loop(8, c, rows, columns, bias, first);
    case 9: return loop(9, c, rows, columns, bias, first);
    case 10: return loop(10, c, rows, columns, bias, first);
  }
  // as many rows at a time as stay in the first cache
  const most = max<usize>(1, NEAR / columns);
  for (let row: usize = 0; row < rows; row += most) {
    const some = min(rows - row, most);
    const at = c + row * columns * 4;
    loop(NONE, at, some, columns, bias, first);
    unary(code, at, at, some * columns, first, second);
  }
}
