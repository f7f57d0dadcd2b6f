// What several tests need: small MNIST files made here, in folders that go away.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";

/** An empty folder that is removed when the test ends. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "adjoint-mnist-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** An IDX file: magic number, sizes, and values that count up. */
export function idx(shape: readonly number[], { type = 8, missing = 0, value = (i: number) => i % 256 } = {}): Buffer {
  const size = shape.reduce((product, extent) => product * extent, 1);
  const header = Buffer.alloc(4 + 4 * shape.length);
  header.set([0, 0, type, shape.length]);
  shape.forEach((extent, axis) => {
    header.writeUInt32BE(extent, 4 + 4 * axis);
  });
  return Buffer.concat([header, Buffer.from(Array.from({ length: size - missing }, (_, i) => value(i)))]);
}

/** Writes small sets of images in MNIST's form, a bright square on black, and their labels: for training, and for testing. */
export function writeSmallMnist(folder: string, count = 20): string {
  mkdirSync(folder, { recursive: true });
  const inSquare = (pixel: number) => Math.abs((pixel % 28) - 14) < 5 && Math.abs(Math.floor(pixel / 28) - 14) < 5;
  const images = idx([count, 28, 28], { value: (i) => (inSquare(i % 784) ? 255 - Math.floor(i / 784) : 0) });
  for (const split of ["train", "t10k"]) {
    writeFileSync(join(folder, `${split}-images-idx3-ubyte`), images);
    writeFileSync(join(folder, `${split}-labels-idx1-ubyte`), idx([count], { value: (i) => i % 10 }));
  }
  return folder;
}
