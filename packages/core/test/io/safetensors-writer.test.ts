// Writing safetensors: the bytes, to the last one, and what is refused.

import { ArgumentError, ShapeError } from "@adjoint/core";
import { type FileArray, openSafetensors, safetensorsChunks, writeSafetensors } from "@adjoint/core/io";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { runs } from "../support/runs.js";
import { bytesOf, hex, join, utf8 } from "./support.js";

const row = (...values: number[]): FileArray => ({ shape: [values.length], data: Float32Array.from(values) });

describe("writeSafetensors", () => {
  it("writes length, sorted header, spaces to a multiple of 8, and values, little-endian", () => {
    const bytes = writeSafetensors(
      [
        ["w", { shape: [1, 2], data: Float32Array.of(1, -2) }],
        ["b", { shape: [], data: Float32Array.of(0.5) }],
      ],
      {
        metadata: [
          ["z", '"'],
          ["format", "pt"],
        ],
      },
    );
    const header =
      '{"__metadata__":{"format":"pt","z":"\\""},"b":{"dtype":"F32","shape":[],"data_offsets":[0,4]},' +
      '"w":{"dtype":"F32","shape":[1,2],"data_offsets":[4,12]}}';
    expect(header.length).toBe(149);
    expect(bytes).toEqual(join(hex("9800000000000000"), utf8(`${header}   `), hex("0000003f 0000803f 000000c0")));
  });

  it("writes float64 as it is, before float32, so that all of it is aligned", async () => {
    const bytes = writeSafetensors([
      ["a", row(1)],
      ["b", { shape: [2], data: Float64Array.of(Math.PI, -0) }],
    ]);
    const file = await openSafetensors(bytes);
    const read = await Promise.all([...file.tensors.keys()].map((name) => file.readExact(name)));
    expect([...file.tensors].map(([name, { type, begin }]) => [name, type, begin])).toEqual([
      ["b", "float64", 0],
      ["a", "float32", 16],
    ]);
    expect(read.map(({ data }) => data)).toEqual([Float64Array.of(Math.PI, -0), Float32Array.of(1)]);
  });

  it("writes the same bytes whatever order the tensors come in", () => {
    const pairs: [string, FileArray][] = ["10", "9", "__proto__", "b", "a"].map((name, i) => [name, row(i)]);
    expect(writeSafetensors(new Map(pairs.toReversed()))).toEqual(writeSafetensors(pairs));
  });

  it("writes nothing but a header for nothing", () => {
    expect(writeSafetensors([])).toEqual(join(hex("0800000000000000"), utf8("{}      ")));
    expect(writeSafetensors([], { metadata: [] }).length).toBe(8 + 24);
  });

  it("gives pieces that share the tensors' memory", () => {
    const { shape, data } = row(1, 2, 3);
    const [header, piece] = safetensorsChunks(
      [["a", { shape, data: data.subarray(1) }]].map(([name, array]) => [
        name as string,
        { ...(array as FileArray), shape: [2] },
      ]),
    );
    expect(header?.length).toBeGreaterThan(8);
    expect([piece?.buffer, piece?.byteOffset, piece?.length]).toEqual([data.buffer, 4, 8]);
  });

  it("writes what is read again, bit for bit, with any names, texts and shapes", async () => {
    const text = fc.string({ unit: "grapheme", maxLength: 8 });
    const arrays = fc.array(fc.nat(3), { maxLength: 3 }).chain((shape) => {
      const size = shape.reduce((product, extent) => product * extent, 1);
      return fc.float32Array({ minLength: size, maxLength: size }).map((data): FileArray => ({ shape, data }));
    });
    const names = text.filter((name) => name !== "__metadata__");
    const property = fc.asyncProperty(
      fc.uniqueArray(fc.tuple(names, arrays), { selector: ([name]) => name, maxLength: 5 }),
      fc.uniqueArray(fc.tuple(text, text), { selector: ([key]) => key, maxLength: 3 }),
      async (tensors, metadata) => {
        const bytes = writeSafetensors(tensors, { metadata });
        const file = await openSafetensors(bytes);
        expect(file.metadata).toEqual(new Map(metadata));
        expect(file.tensors.size).toBe(tensors.length);
        for (const [name, { shape, data }] of tensors) {
          const read = await file.read(name);
          expect([read.shape, bytesOf(read.data)]).toEqual([shape, bytesOf(data)]);
        }
        expect(new DataView(bytes.buffer).getUint32(0, true) % 8).toBe(0);
      },
    );
    await fc.assert(property, runs());
  });

  it.each<[string, () => unknown, new (...args: never[]) => Error, string]>([
    [
      "a name twice",
      () =>
        writeSafetensors([
          ["a", row(1)],
          ["a", row(2)],
        ]),
      ArgumentError,
      'there are two "a"',
    ],
    [
      "metadata twice",
      () =>
        writeSafetensors([], {
          metadata: [
            ["k", "1"],
            ["k", "2"],
          ],
        }),
      ArgumentError,
      'there are two "k"',
    ],
    [
      "the name of the metadata",
      () => writeSafetensors([["__metadata__", row(1)]]),
      ArgumentError,
      "a tensor cannot be called __metadata__",
    ],
    [
      "a name that UTF-8 cannot write",
      () => writeSafetensors([["\udc00", row(1)]]),
      ArgumentError,
      'tensor "\\udc00" has half of a surrogate pair',
    ],
    [
      "a text that UTF-8 cannot write",
      () => writeSafetensors([], { metadata: [["k", "\ud800"]] }),
      ArgumentError,
      'metadata "k" "\\ud800" has half of a surrogate pair',
    ],
    [
      "metadata that is no text",
      () => writeSafetensors([], { metadata: [["k", 1 as never]] }),
      ArgumentError,
      'metadata "k" is no text: 1',
    ],
    [
      "values that do not fill the shape",
      () => writeSafetensors([["a", { shape: [2, 2], data: Float32Array.of(1) }]]),
      ShapeError,
      'tensor "a": 1 values do not fill [2,2]',
    ],
    [
      "a shape that is none",
      () => writeSafetensors([["a", { shape: [-1, -1], data: Float32Array.of(1) }]]),
      ShapeError,
      'tensor "a": sizes must be whole numbers ≥ 0, got [-1,-1]',
    ],
    [
      "another array",
      () => writeSafetensors([["a", { shape: [1], data: Int32Array.of(1) as never }]]),
      ArgumentError,
      'tensor "a": expected a Float32Array or a Float64Array, got 1',
    ],
  ])("refuses %s", (_, writing, kind, problem) => {
    expect(writing).toThrow(kind);
    expect(writing).toThrow(`writeSafetensors: ${problem}`);
  });
});
