// What the tests of the gpu backend share: products computed in float64, operands, and programs that run in
// a Node of their own.

import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import type { Backend, Epilogue, MatmulSpec } from "../../src/backends/backend.js";
import type { Random } from "../../src/random.js";

/** The modes that every machine has. */
export const MODES = ["webasm", "cpu"] as const;

/** A product of one pair of matrices as they are, where `rest` says nothing else. */
export function specOf(m: number, k: number, n: number, rest: Partial<MatmulSpec> = {}): MatmulSpec {
  const plain = { batch: 1, transposeA: false, transposeB: false, sharedA: false, sharedB: false };
  return { ...plain, m, k, n, ...rest };
}

/** How many values A and B have. */
export function operandSizes({ batch, m, k, n, sharedA, sharedB }: MatmulSpec): readonly [number, number] {
  return [(sharedA ? 1 : batch) * m * k, (sharedB ? 1 : batch) * k * n];
}

/** A cell of the product: the sum of the terms in float64, and the lengths of its row and its column multiplied. */
export interface Cell {
  readonly value: number;
  readonly scale: number;
}

/** The product in float64, cell by cell, by its definition. */
export function productCells(a: ArrayLike<number>, b: ArrayLike<number>, spec: MatmulSpec): Cell[] {
  const { batch, m, k, n, transposeA, transposeB, sharedA, sharedB } = spec;
  const cells: Cell[] = [];
  for (let member = 0; member < batch; member++) {
    const aStart = sharedA ? 0 : member * m * k;
    const bStart = sharedB ? 0 : member * k * n;
    for (let row = 0; row < m; row++) {
      for (let column = 0; column < n; column++) {
        let [value, rowSquares, columnSquares] = [0, 0, 0];
        for (let i = 0; i < k; i++) {
          const left = a[aStart + (transposeA ? i * m + row : row * k + i)] ?? Number.NaN;
          const right = b[bStart + (transposeB ? column * k + i : i * n + column)] ?? Number.NaN;
          value += left * right;
          rowSquares += left * left;
          columnSquares += right * right;
        }
        cells.push({ value, scale: Math.sqrt(rowSquares) * Math.sqrt(columnSquares) });
      }
    }
  }
  return cells;
}

/** The same product on a backend, read. */
export async function productOn(
  backend: Backend,
  a: Float32Array,
  b: Float32Array,
  spec: MatmulSpec,
  epilogue?: Epilogue,
): Promise<Float32Array> {
  const result = backend.matmul(backend.upload(a), backend.upload(b), spec, epilogue);
  return Float32Array.from(await backend.read(result));
}

/** Values between −1 and 1. */
export function randomValues(random: Random, size: number): Float32Array {
  return Float32Array.from({ length: size }, () => 2 * random.uniform() - 1);
}

/** Whole numbers from −2 to 2: their products sum up exactly in float32. */
export function wholeNumbers(size: number, seed: number): Float32Array {
  const values = new Float32Array(size);
  // a step that shares no factor with 2³², so that neighbours, rows and columns differ
  let state = seed >>> 0;
  for (let i = 0; i < size; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    values[i] = ((state >>> 16) % 5) - 2;
  }
  return values;
}

/** Bundles a program that imports from `packages/core/src`, and runs it in a Node of its own. */
export async function runProgram(program: string, { reachable }: { readonly reachable: boolean }): Promise<Outcome> {
  // where packages are not to be found: outside of the workspace
  const folder = await mkdtemp(join(reachable ? join(CORE, "node_modules") : tmpdir(), ".gpu-test-"));
  try {
    const outfile = join(folder, "program.mjs");
    await build({
      stdin: { contents: program, resolveDir: join(CORE, "src"), loader: "ts" },
      bundle: true,
      platform: "node",
      format: "esm",
      external: ["gpu.js"],
      outfile,
      logLevel: "silent",
    });
    return await new Promise((resolve) => {
      execFile(process.execPath, [outfile], { timeout: 60_000 }, (error, stdout) => {
        resolve({ stdout, ended: error?.killed !== true, code: error ? Number(error.code ?? -1) : 0 });
      });
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** How a program went. `ended` is false where it had to be killed. */
export interface Outcome {
  readonly stdout: string;
  readonly ended: boolean;
  readonly code: number;
}

const CORE = fileURLToPath(new URL("../../", import.meta.url));
