// The values that kernel-cases.ts computes with: drawn once, the same everywhere, and uploaded piece by piece.

import { type Backend, type BackendBuffer, Random } from "@adjoint/core";

/** More than any case takes. */
const COUNT = 1_300_000;
const SEED = 3;

let drawn: { signed: Float32Array; positive: Float32Array; whole: Float32Array } | undefined;

/** Operands on a backend, freed together. */
export class Operands {
  readonly backend: Backend;
  readonly #made: BackendBuffer[] = [];

  constructor(backend: Backend) {
    this.backend = backend;
  }

  /** Normal numbers, and here and there ±0, numbers too small for float32's full precision, and large ones. */
  signed(count: number, from = 0): BackendBuffer {
    return this.#upload("signed", count, from);
  }

  /** Numbers from 0.05 on, most of them below 4. */
  positive(count: number, from = 0): BackendBuffer {
    return this.#upload("positive", count, from);
  }

  /** Whole numbers from −5 to 5, so that many are equal. */
  whole(count: number, from = 0): BackendBuffer {
    return this.#upload("whole", count, from);
  }

  /** Frees all that was uploaded. */
  free(): void {
    for (const buffer of this.#made.splice(0)) this.backend.free(buffer);
  }

  #upload(kind: "signed" | "positive" | "whole", count: number, from: number): BackendBuffer {
    drawn ??= draw();
    if (from + count > COUNT) throw new Error(`only ${COUNT} values are drawn, ${from + count} are asked for`);
    const buffer = this.backend.upload(drawn[kind].subarray(from, from + count));
    this.#made.push(buffer);
    return buffer;
  }
}

/** `count` whole numbers in [0, limit). */
export function indices(count: number, limit: number): Int32Array {
  const random = new Random(SEED, { stream: 1 });
  return Int32Array.from({ length: count }, () => random.integer(limit));
}

/** `count` bytes. */
export function bytes(count: number): Uint8Array {
  const random = new Random(SEED, { stream: 2 });
  return Uint8Array.from({ length: count }, () => random.integer(256));
}

function draw() {
  const signed = new Random(SEED).fillNormal(new Float32Array(COUNT));
  const positive = signed.map((x) => Math.abs(x) + 0.05);
  const whole = signed.map((x) => Math.max(-5, Math.min(5, Math.round(2 * x))));
  const special = [0, -0, 1e-42, -1e-40, 12_345.678, -7e4];
  for (let i = 0; i < COUNT; i += 1009) signed[i] = special[(i / 1009) % special.length] as number;
  return { signed, positive, whole };
}
