// Reading IDX files to the letter, and batches out of bytes.

import {
  ArgumentError,
  ByteDataset,
  DataError,
  parseIdx,
  Random,
  ShapeError,
  type Tensor,
  useBackend,
  withBackend,
} from "@adjoint/core";
import { describe, expect, it } from "vitest";
import { StrictBackend } from "./support/strict-backend.js";

const values = (x: Tensor) => Array.from(x.dataSync());

/** An IDX file of unsigned bytes. */
function idx(shape: readonly number[], data: readonly number[], type = 8): Uint8Array {
  const sizes = shape.flatMap((extent) => [extent >>> 24, (extent >>> 16) & 255, (extent >>> 8) & 255, extent & 255]);
  return Uint8Array.from([0, 0, type, shape.length, ...sizes, ...data]);
}

describe("parseIdx", () => {
  it("gives the shape and the bytes", () => {
    const { shape, data } = parseIdx(idx([2, 1, 3], [1, 2, 3, 4, 5, 255]));
    expect(shape).toEqual([2, 1, 3]);
    expect(Array.from(data)).toEqual([1, 2, 3, 4, 5, 255]);
  });

  it("reads sizes as big-endian 32-bit numbers", () => {
    const { shape, data } = parseIdx(idx([258, 1], new Array(258).fill(7)));
    expect([shape, data.length]).toEqual([[258, 1], 258]);
  });

  it("takes empty arrays and scalars", () => {
    expect(parseIdx(idx([0, 28], []))).toMatchObject({ shape: [0, 28] });
    expect(parseIdx(idx([], [9])).shape).toEqual([]);
  });

  it("reads from the middle of a larger buffer, without copying", () => {
    const file = idx([3], [7, 8, 9]);
    const larger = new Uint8Array(file.length + 10);
    larger.set(file, 5);
    const { data } = parseIdx(larger.subarray(5, 5 + file.length));
    expect(Array.from(data)).toEqual([7, 8, 9]);
    expect(data.buffer).toBe(larger.buffer);
    expect(parseIdx(Buffer.from(file)).shape).toEqual([3]);
  });

  const good = idx([2, 2], [1, 2, 3, 4]);
  it.each<[string, Uint8Array, string]>([
    ["nothing", new Uint8Array(0), "expected a header of at least 4 bytes, found 0"],
    ["a file cut in its first bytes", good.slice(0, 3), "expected a header of at least 4 bytes, found 3"],
    ["a gzipped file", Uint8Array.of(0x1f, 0x8b, 8, 0, 1, 2), "is gzipped; decompress it first"],
    ["another format", Uint8Array.of(0x89, 0x50, 8, 1), "magic: expected two zero bytes, found 137 and 80"],
    ["a wrong second byte", Uint8Array.of(0, 1, 8, 1), "magic: expected two zero bytes, found 0 and 1"],
    ["floats", idx([1], [0, 0, 0, 0], 0x0d), "type: expected 8 (unsigned bytes), found 13"],
    ["a file cut in its sizes", good.slice(0, 11), "expected 2 sizes in a header of 12 bytes, found 11 bytes"],
    ["a file cut in its values", good.slice(0, 15), "expected 4 values for [2,2], found 3"],
    ["a file that goes on", Uint8Array.from([...good, 0]), "expected 4 values for [2,2], found 5"],
    ["no value where there is one of no axes", idx([], []), "expected 1 values for [], found 0"],
    [
      "sizes beyond all memory",
      idx([2 ** 32 - 1, 2 ** 32 - 1], [1]),
      "expected 18446744065119617000 values for [4294967295,4294967295], found 1",
    ],
  ])("refuses %s", (_, bytes, problem) => {
    expect(() => parseIdx(bytes)).toThrow(DataError);
    expect(() => parseIdx(bytes)).toThrow(`parseIdx: IDX data: ${problem}`);
    expect(() => parseIdx(bytes, "train-images")).toThrow(`parseIdx: train-images: ${problem}`);
  });
});

describe("ByteDataset", () => {
  const bytes = Uint8Array.from({ length: 24 }, (_, i) => i * 10);
  const dataset = () => new ByteDataset(bytes, [4, 3, 2]);

  it("knows how many samples of which shape it holds", () => {
    expect([dataset().count, dataset().sampleShape]).toEqual([4, [3, 2]]);
    expect(new ByteDataset(Uint8Array.of(1, 2), [2]).sampleShape).toEqual([]);
    expect(new ByteDataset(new Uint8Array(0), [0, 5]).count).toBe(0);
  });

  it("gives samples in the order asked for, repeated where asked for again", () => {
    const batch = dataset().batch([2, 0, 2]);
    expect(batch.shape).toEqual([3, 3, 2]);
    expect(values(batch)).toEqual([120, 130, 140, 150, 160, 170, 0, 10, 20, 30, 40, 50, 120, 130, 140, 150, 160, 170]);
    expect(values(new ByteDataset(Uint8Array.of(5, 6), [2]).batch([1]))).toEqual([6]);
    expect(dataset().batch([]).shape).toEqual([0, 3, 2]);
  });

  it("scales bytes to byte · scale + offset, rounded once to float32", () => {
    const whole = new ByteDataset(Uint8Array.of(0, 1, 127, 128, 255), [5]);
    const scaled = values(whole.batch([0, 1, 2, 3, 4], { scale: 1 / 127.5, offset: -1 }));
    expect(scaled).toEqual([0, 1, 127, 128, 255].map((byte) => Math.fround(byte * (1 / 127.5) - 1)));
    expect([scaled[0], scaled[4]]).toEqual([-1, 1]);
    expect(values(whole.batch(Int32Array.of(4), { scale: 0.5 }))).toEqual([127.5]);
  });

  it("makes batches on the current backend", async () => {
    const backend = new StrictBackend({ dtype: "float32" });
    const batch = withBackend(backend, () => dataset().batch([1]));
    expect([batch.backend, batch.dtype]).toEqual([backend, "float32"]);
    await useBackend("reference:float64");
    expect(dataset().batch([1]).dtype).toBe("float64");
    await useBackend("reference");
  });

  it("draws sample numbers with replacement: those of the generator, all of them, evenly", () => {
    const drawn = dataset().sampleIndices(new Random(3), 4000);
    expect(drawn).toBeInstanceOf(Int32Array);
    const random = new Random(3);
    expect(Array.from(drawn)).toEqual(Array.from({ length: 4000 }, () => random.integer(4)));
    const counts = [0, 1, 2, 3].map((sample) => drawn.filter((i) => i === sample).length);
    for (const count of counts) expect(Math.abs(count - 1000)).toBeLessThan(4 * Math.sqrt(750));
    expect(dataset().sampleIndices(new Random(3), 0)).toHaveLength(0);
  });

  it("refuses bytes that do not fill the shape, and a shape without samples", () => {
    expect(() => new ByteDataset(bytes, [5, 5])).toThrow(ShapeError);
    expect(() => new ByteDataset(bytes, [5, 5])).toThrow("ByteDataset: 24 bytes do not fill [5,5]");
    expect(() => new ByteDataset(Uint8Array.of(1), [])).toThrow("ByteDataset: 1 bytes do not fill []");
    expect(() => new ByteDataset(bytes, [-4, -6])).toThrow("ByteDataset: sizes must be whole numbers ≥ 0, got [-4,-6]");
  });

  it("refuses numbers that are not those of samples", () => {
    for (const sample of [4, -1, 0.5, Number.NaN]) {
      expect(() => dataset().batch([0, sample])).toThrow(ShapeError);
      expect(() => dataset().batch([0, sample])).toThrow(`ByteDataset.batch: sample ${sample} is not one of the 4`);
    }
  });

  it("refuses to draw from nothing, or a number of samples that is none", () => {
    const empty = new ByteDataset(new Uint8Array(0), [0, 5]);
    expect(() => empty.sampleIndices(new Random(0), 1)).toThrow(ArgumentError);
    expect(() => empty.sampleIndices(new Random(0), 1)).toThrow(
      "ByteDataset.sampleIndices: cannot draw 1 of 0 samples",
    );
    expect(() => dataset().sampleIndices(new Random(0), -1)).toThrow("cannot draw -1 of 4 samples");
    expect(() => dataset().sampleIndices(new Random(0), 1.5)).toThrow("cannot draw 1.5 of 4 samples");
  });
});
