// IDX files of every type, gzipped or not.

import { gzipSync } from "node:zlib";
import { ArgumentError, parseIdx, ShapeError } from "@adjoint/core";
import { readIdx, readIdxExact, writeIdx } from "@adjoint/core/io";
import { describe, expect, it } from "vitest";
import { hex, join, NotedSource, pieceByPiece, refusal } from "./support.js";

const SMALL = hex("0000 08 02 00000002 00000003 0102030405ff");

describe("readIdx", () => {
  it.each([
    [0x08, "uint8", hex("01ff"), [1, 255]],
    [0x09, "int8", hex("01ff"), [1, -1]],
    [0x0b, "int16", hex("0102 fffe"), [258, -2]],
    [0x0c, "int32", hex("00010000 ffffffff"), [65536, -1]],
    [0x0d, "float32", hex("3fc00000 80000000"), [1.5, -0]],
    [0x0e, "float64", hex("3ff8000000000000 c000000000000000"), [1.5, -2]],
  ])("reads type %i", async (code, type, data, values) => {
    const bytes = join([0, 0, code, 1, 0, 0, 0, 2], data);
    const exact = await readIdxExact(bytes);
    expect([exact.type, exact.shape, [...exact.data]]).toEqual([type, [2], values]);
    expect([...(await readIdx(new Uint8Array(gzipSync(bytes)))).data]).toEqual(values);
  });

  it("reads gzipped or not, from bytes, a Blob, a response and a source, which it closes", async () => {
    for (const bytes of [SMALL, new Uint8Array(gzipSync(SMALL))]) {
      const source = new NotedSource(bytes);
      for (const input of [bytes, new Blob([bytes.slice()]), pieceByPiece(bytes, 5).response, source]) {
        const { shape, data } = await readIdxExact(input);
        expect([shape, [...data]]).toEqual([
          [2, 3],
          [1, 2, 3, 4, 5, 255],
        ]);
      }
      expect(source.closed).toBe(true);
    }
  });

  it("reads what is longer than a header, gzipped, and the whole of 255 axes", async () => {
    const data = Uint8Array.from({ length: 100_000 }, (_, i) => (i * i) >> 3);
    const file = writeIdx({ shape: [100, 1000], data });
    expect((await readIdxExact(new Uint8Array(gzipSync(file)))).data).toEqual(data);
    const deep = writeIdx({ shape: new Array(255).fill(1), data: Uint8Array.of(7) });
    expect([...(await readIdxExact(new Uint8Array(gzipSync(deep)))).data]).toEqual([7]);
  });

  it.each<[string, Uint8Array, string]>([
    ["no bytes", hex(""), "header: expected 4 bytes from 0 on, found a file of 0 bytes"],
    ["another format", hex("89504e47"), "magic: expected two zero bytes, found 137 and 80"],
    ["an unknown type", hex("00000a00"), "type: expected one of 8, 9, 11, 12, 13, 14, found 10"],
    ["half of its sizes", SMALL.slice(0, 9), "sizes: expected 8 bytes from 4 on, found a file of 9 bytes"],
    ["a missing value", SMALL.slice(0, -1), "size: expected 18 bytes by its header, found 17"],
    ["a value too many", join(SMALL, [0]), "size: expected 18 bytes by its header, found 19"],
    [
      "sizes beyond all memory",
      hex("00000802 ffffffff ffffffff"),
      "sizes: expected a size below 2⁵³ bytes, found [4294967295,4294967295]",
    ],
  ])("refuses %s, gzipped or not", async (_, bytes, problem) => {
    expect(await refusal(() => readIdx(bytes))).toBe(`readIdx: IDX file: ${problem}`);
    expect(await refusal(() => readIdxExact(new Uint8Array(gzipSync(bytes)), { file: "x" }))).toBe(
      `readIdxExact: x: ${problem}`,
    );
  });

  it("refuses gzip that is cut, changed, or followed by anything", async () => {
    const gzipped = new Uint8Array(gzipSync(SMALL));
    const changed = gzipped.slice();
    changed[gzipped.length - 5] = (gzipped.at(-5) ?? 0) ^ 1;
    for (const wrong of [
      gzipped.slice(0, -1),
      changed,
      join(gzipped, [1]),
      join(gzipped, [0, 0, 1, 0]),
      join(gzipped, gzipped),
      join(gzipped, gzipped.slice(0, -1)),
    ]) {
      expect(await refusal(() => readIdx(wrong))).toMatch(/^readIdx: IDX file: (gzip: expected|size: expected 18)/);
    }
  });

  it("refuses a bomb as soon as it is more than its header says", async () => {
    const bomb = new Uint8Array(gzipSync(join(hex("00000801 00000fff"), new Uint8Array(3_000_000)), { level: 9 }));
    expect(await refusal(() => readIdx(bomb))).toBe(
      "readIdx: IDX file: size: expected 4103 bytes by its header, found more",
    );
  });
});

describe("writeIdx", () => {
  it("writes what parseIdx reads", () => {
    const array = { shape: [2, 3], data: Uint8Array.of(1, 2, 3, 4, 5, 255) };
    expect(writeIdx(array)).toEqual(SMALL);
    expect(parseIdx(writeIdx(array))).toEqual(array);
  });

  it("refuses what it cannot write", () => {
    expect(() => writeIdx({ shape: [2], data: Uint8Array.of(1) })).toThrow(ShapeError);
    expect(() => writeIdx({ shape: new Array(256).fill(1), data: Uint8Array.of(1) })).toThrow(ArgumentError);
  });
});
