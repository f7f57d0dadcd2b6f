// Which kernels make a product, by its sizes alone: thin ones have their own, all others are packed and tiled.

import { NO_ACTIVATION } from "./codes.js";
import type { Address, KernelRunner } from "./kernel-runner.js";

/** C[m×n] = op(A)·op(B), then bias and activation. Sizes are those after transposing. */
export interface Product {
  readonly a: Address;
  readonly b: Address;
  readonly c: Address;
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly transposeA: boolean;
  readonly transposeB: boolean;
  /** The address of one value for each column; 0 for none. */
  readonly bias?: Address;
  /** The code of an elementwise function; −1 for none. */
  readonly activation?: number;
  readonly parameters?: readonly number[];
}

/** What computes products on an engine's memory, and what the backend is called that has them so computed. */
export interface ProductMaker {
  /** The backend's name. */
  readonly name: string;
  /** What `info().products` says. */
  readonly description: string;
  /** Computes a product with its epilogue. Its sizes may be 0. */
  multiply(product: Product): void;
}

/** So many multiplications are worth another thread. */
const GRAIN = 131_072;
/** So many elements are packed while another thread wakes. */
const PACKING_GRAIN = 16_384;
const PANEL = 8;
/**
 * A thread with so many rows to compute packs B for itself: what another thread has packed lies in that one's cache, and
 * takes longer to fetch than to pack once more.
 */
const ROWS_WORTH_PACKING = 48;
/** Bytes of a packed B. A larger one stays in nobody's cache, and as many of them as threads would fill the memory. */
const LARGEST_OWN = 2 ** 20;

/** Counts the products whose B each thread packs for itself. */
let productNumber = 0;

/** Computes a product on an engine's memory. */
export function multiply(engine: KernelRunner, product: Product): void {
  const { m, n, k } = product;
  if (m === 0 || n === 0) return;
  if (k === 0 || k === 1 || m === 1 || n === 1) {
    thin(engine, product);
    finish(engine, product);
  } else tiled(engine, product);
}

function thin(engine: KernelRunner, { a, b, c, m, n, k, transposeA, transposeB }: Product): void {
  const grain = (each: number) => Math.ceil(GRAIN / 4 / Math.max(1, each));
  if (k === 0) {
    engine.call("fill", [c, m * n, 0]);
  } else if (n === 1 ? !transposeA : m === 1 && transposeB) {
    const [matrix, vector, rows] = n === 1 ? [a, b, m] : [b, a, n];
    engine.split("rowsTimesVector", rows, grain(k), 1, (from, to) => [matrix, vector, c, k, from, to]);
  } else if (n === 1 || m === 1) {
    const [matrix, vector, columns] = n === 1 ? [a, b, m] : [b, a, n];
    engine.split("vectorTimesRows", columns, grain(k), 16, (from, to) => [vector, matrix, c, k, columns, from, to]);
  } else {
    engine.split("outerProduct", m, grain(n), 1, (from, to) => [a, b, c, n, from, to]);
  }
}

/** Adds the bias to a product that is there, and applies its activation. */
export function finish(
  engine: KernelRunner,
  { c, m, n, bias = 0, activation = NO_ACTIVATION, parameters = [] }: Product,
): void {
  if (!bias && activation === NO_ACTIVATION) return;
  const [first = 0, second = 0] = parameters;
  engine.split("epilogue", m, Math.ceil(GRAIN / 16 / n), 1, (from, to) => {
    return [c + 4 * from * n, to - from, n, bias, activation, first, second];
  });
}

function tiled(engine: KernelRunner, product: Product): void {
  const { m, n, k } = product;
  // for all threads that there may be by the time the rows are handed out
  const threads = engine.wantedThreads;
  const { packedSize, productScratch } = engine.kernels;
  const size = packedSize(k, n);
  if (m >= threads * ROWS_WORTH_PACKING && size <= LARGEST_OWN) {
    engine.memory.lend(threads * productScratch(k, n), (scratch) => {
      multiplyRows(engine, product, product.b, ++productNumber, scratch);
    });
  } else {
    engine.memory.lend(size + threads * productScratch(k, 0), (packed) => {
      packForAll(engine, product, packed);
      multiplyRows(engine, product, packed, 0, packed + size);
    });
  }
  if (engine.relaxed) finish(engine, product);
}

function packForAll(engine: KernelRunner, { b, n, k, transposeB }: Product, packed: Address): void {
  const panels = Math.ceil(n / PANEL);
  engine.split("packB", panels, Math.ceil(PACKING_GRAIN / (PANEL * k)), 1, (from, to) => {
    return [b, Number(transposeB), k, n, from, to, packed];
  });
}

function multiplyRows(engine: KernelRunner, product: Product, b: Address, number: number, scratch: Address): void {
  const { a, c, m, n, k, bias = 0, activation = NO_ACTIVATION, parameters = [] } = product;
  const [first = 0, second = 0] = parameters;
  const [transposeA, transposeB] = [Number(product.transposeA), Number(product.transposeB)];
  engine.split("productRows", m, Math.max(4, Math.ceil(GRAIN / (n * k))), 4, (from, to) => {
    // biome-ignore format: as the kernel has them
    return [a, transposeA, b, transposeB, c, m, n, k, from, to, number, scratch, bias, activation, first, second];
  });
}
