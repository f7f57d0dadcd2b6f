// What several tests need: small MNIST files made here, folders that go away, and something to print to.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Writable } from "node:stream";
import { onTestFinished } from "vitest";

/** An empty folder that is removed when the test ends. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "adjoint-gan-"));
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

/** Writes a small set of images in MNIST's form, a bright square on black, and its labels. */
export function writeSmallMnist(folder: string, count = 20): string {
  mkdirSync(folder, { recursive: true });
  const inSquare = (pixel: number) => Math.abs((pixel % 28) - 14) < 5 && Math.abs(Math.floor(pixel / 28) - 14) < 5;
  const images = idx([count, 28, 28], { value: (i) => (inSquare(i % 784) ? 255 - Math.floor(i / 784) : 0) });
  writeFileSync(join(folder, "train-images-idx3-ubyte"), images);
  writeFileSync(join(folder, "train-labels-idx1-ubyte"), idx([count], { value: (i) => i % 10 }));
  return folder;
}

/** A stream that remembers what was written to it. */
export class Recorder extends Writable {
  text = "";
  readonly isTTY: boolean;
  readonly columns = 100;

  constructor({ isTTY = false } = {}) {
    super();
    this.isTTY = isTTY;
  }

  /** The lines, without the last line's end. */
  get lines(): string[] {
    return this.text.replace(/\n$/, "").split("\n");
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.text += chunk.toString();
    done();
  }
}
