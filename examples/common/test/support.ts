// What several tests need: small MNIST files, folders that go away, and something to print to.

import { Writable } from "node:stream";

export { idx, temporaryFolder, writeSmallMnist } from "../../../packages/mnist/test/support.js";

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
