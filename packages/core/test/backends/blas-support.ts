// What the tests of the blas backend share: a koffi whose libraries are objects of JavaScript.

import type { Koffi } from "../../src/backends/blas/koffi.js";

/** What a library that is played has, by name. */
export type Exports = Readonly<Record<string, (...values: never[]) => unknown>>;

/** A koffi that finds these libraries and no others; one that is a function is made anew each time it is opened. */
export function koffiWith(libraries: Readonly<Record<string, Exports | (() => Exports)>>): Koffi {
  return {
    address() {
      throw new Error("what is played has no addresses");
    },
    load(path) {
      const found = libraries[path];
      const library = typeof found === "function" ? found() : found;
      if (!library) throw new Error("cannot open shared object file");
      let open = true;
      return {
        unload() {
          open = false;
        },
        func(prototype) {
          if (!open) throw new Error("the library is closed");
          const name = /(\w+)\(/.exec(prototype)?.[1] ?? "";
          const exported = library[name];
          if (!exported) throw new Error(`Cannot find function '${name}' in shared library`);
          return exported as (...values: readonly unknown[]) => unknown;
        },
      };
    },
  };
}

/** cblas_sgemm by its definition, for α = 1 and β = 0. */
export function cblas_sgemm(
  ...[layout, transposeA, transposeB, m, n, k, , a, lda, b, ldb, , c, ldc]: readonly [
    ...[layout: number, transposeA: number, transposeB: number, m: number, n: number, k: number],
    ...[alpha: number, a: Float32Array, lda: number, b: Float32Array, ldb: number],
    ...[beta: number, c: Float32Array, ldc: number],
  ]
): void {
  if (layout !== 101) throw new Error("not row by row");
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) {
      let sum = 0;
      for (let p = 0; p < k; p++) {
        const left = a[transposeA === 112 ? p * lda + i : i * lda + p] ?? Number.NaN;
        sum += left * (b[transposeB === 112 ? j * ldb + p : p * ldb + j] ?? Number.NaN);
      }
      c[i * ldc + j] = sum;
    }
  }
}
