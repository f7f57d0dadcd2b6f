// What several tests need: small MNIST files, folders that go away, and something to print to.

import { createHash } from "node:crypto";
import { Writable } from "node:stream";
import type { Tensor } from "@adjoint/core";

export { idx, temporaryFolder, writeSmallMnist } from "../../../packages/mnist/test/support.js";

/** A sum of each tensor that models or optimizers hold, by its bits. */
export function bitsOf(...parts: readonly { stateDict(): ReadonlyMap<string, Tensor> }[]): string[] {
  return parts.flatMap((part) =>
    [...part.stateDict().values()].map((value) => {
      const { buffer, byteOffset, byteLength } = value.dataSync();
      return createHash("sha256")
        .update(new Uint8Array(buffer, byteOffset, byteLength))
        .digest("hex");
    }),
  );
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
