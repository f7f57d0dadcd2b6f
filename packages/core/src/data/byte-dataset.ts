// Samples that are kept as bytes and become floats batch by batch.

import { currentBackend } from "../backends/current.js";
import { ArgumentError, ShapeError } from "../errors.js";
import { tensor } from "../ops/creation.js";
import { numeric, optionsOf, readOptions } from "../options.js";
import type { Random } from "../random.js";
import { checkShape, formatShape, type Shape, sizeOf } from "../shape.js";
import { type Tensor, wrap } from "../tensor.js";

/** How a byte becomes a float: byte · scale + offset. */
export interface ByteScaling {
  /** 1 by default. */
  readonly scale?: number;
  /** 0 by default. */
  readonly offset?: number;
}

const SCALING = optionsOf<ByteScaling>({ scale: numeric, offset: numeric });

/** Samples of one shape held as unsigned bytes, images for example. The bytes are not copied. */
export class ByteDataset {
  readonly count: number;
  readonly sampleShape: Shape;
  readonly #bytes: Uint8Array;

  /**
   * @param bytes the samples one after the other, row-major
   * @param shape [count, ...sampleShape]
   * @throws ShapeError where the bytes do not fill the shape
   */
  constructor(bytes: Uint8Array, shape: Shape) {
    checkShape("ByteDataset", shape);
    const [count, ...sampleShape] = shape;
    if (count === undefined || sizeOf(shape) !== bytes.length) {
      throw new ShapeError("ByteDataset", `${bytes.length} bytes do not fill ${formatShape(shape)}`);
    }
    this.count = count;
    this.sampleShape = sampleShape;
    this.#bytes = bytes;
  }

  /** `size` sample numbers, drawn with replacement. Throws ArgumentError where that many cannot be drawn. */
  sampleIndices(random: Random, size: number): Int32Array {
    if (!Number.isSafeInteger(size) || size < 0 || (this.count === 0 && size > 0)) {
      throw new ArgumentError("ByteDataset.sampleIndices", `cannot draw ${size} of ${this.count} samples`);
    }
    const indices = new Int32Array(size);
    for (let i = 0; i < size; i++) indices[i] = random.integer(this.count);
    return indices;
  }

  /**
   * The samples of the given numbers as one tensor, on the current backend.
   *
   * @returns [indices.length, ...sampleShape], each value byte · scale + offset
   * @throws ShapeError for a number that is not one of the samples'
   */
  batch(indices: ArrayLike<number>, options: ByteScaling = {}): Tensor {
    const { scale = 1, offset = 0 } = readOptions("ByteDataset.batch", options, SCALING);
    const size = sizeOf(this.sampleShape);
    const shape = [indices.length, ...this.sampleShape];
    this.#checkIndices(indices);
    const backend = currentBackend();
    if (backend.gatherBytes && backend.dtypes[0] === "float32") {
      const buffer = backend.gatherBytes(this.#bytes, Int32Array.from(indices), size, { scale, offset });
      return wrap(backend, buffer, shape, "ByteDataset.batch");
    }
    const data = new Float32Array(indices.length * size);
    for (let i = 0; i < indices.length; i++) {
      const start = (indices[i] as number) * size;
      for (let j = 0; j < size; j++) data[i * size + j] = (this.#bytes[start + j] as number) * scale + offset;
    }
    return tensor(data, { shape });
  }

  #checkIndices(indices: ArrayLike<number>): void {
    for (let i = 0; i < indices.length; i++) {
      const sample = indices[i] as number;
      if (Number.isInteger(sample) && sample >= 0 && sample < this.count) continue;
      throw new ShapeError("ByteDataset.batch", `sample ${sample} is not one of the ${this.count}`);
    }
  }
}
