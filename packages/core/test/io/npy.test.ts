// NumPy's .npy files: what NumPy writes is read, what is written is what NumPy reads, and the rest is refused.

import { ShapeError } from "@adjoint/core";
import { readNpy, readNpyExact, writeNpy } from "@adjoint/core/io";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { runs } from "../support/runs.js";
import { bytesOf, hex, join, NotedSource, npy, pieceByPiece, refusal, utf8 } from "./support.js";

const PLAIN = "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }";

describe("readNpy", () => {
  it("reads what NumPy 1.24 wrote: np.save of np.asfortranarray of [[0, 1, 2], [3, 4, 5]] in '>i2'", async () => {
    const text = "{'descr': '>i2', 'fortran_order': True, 'shape': (2, 3), }".padEnd(117);
    const bytes = join(utf8("\u0000NUMPY\u0001\u0000v\u0000"), utf8(`${text}\n`), hex("0000 0003 0001 0004 0002 0005"));
    bytes[0] = 0x93;
    expect(bytes.length).toBe(128 + 12);
    const exact = await readNpyExact(bytes);
    expect([exact.type, exact.shape, [...exact.data]]).toEqual(["int16", [2, 3], [0, 1, 2, 3, 4, 5]]);
    expect(await readNpy(bytes)).toEqual({ shape: [2, 3], data: Float32Array.of(0, 1, 2, 3, 4, 5) });
  });

  it.each([
    ["|b1", hex("0001"), [0, 1]],
    ["|u1", hex("00ff"), [0, 255]],
    ["|i1", hex("80ff"), [-128, -1]],
    ["<u2", hex("3412"), [0x1234]],
    [">u2", hex("1234"), [0x1234]],
    ["<i2", hex("feff"), [-2]],
    ["<u4", hex("ffff0000"), [65535]],
    ["<i4", hex("ffffffff"), [-1]],
    [">i4", hex("00010000"), [65536]],
    ["<u8", hex("0100000000000000"), [1]],
    [">u8", hex("0000000000000100"), [256]],
    ["<i8", hex("ffffffffffffffff"), [-1]],
    [">i8", hex("fffffffffffffffe"), [-2]],
    ["<f2", hex("00c0"), [-2]],
    [">f2", hex("c000"), [-2]],
    ["<f4", hex("0000c0bf"), [-1.5]],
    [">f4", hex("bfc00000"), [-1.5]],
    ["<f8", hex("000000000000f83f"), [1.5]],
    [">f8", hex("3ff8000000000000"), [1.5]],
  ])("reads %s", async (descr, data, values) => {
    const text = `{'descr': '${descr}', 'fortran_order': False, 'shape': (${values.length},), }`;
    expect([...(await readNpy(npy(text, data))).data]).toEqual(values);
  });

  it("reads all three versions, names in any order, without a last comma, scalars and empty arrays", async () => {
    const text = "{'shape': ( ), 'fortran_order':True,'descr': '<f4'}   ";
    const one = { shape: [], data: Float32Array.of(1) };
    for (const version of [1, 2, 3]) expect(await readNpy(npy(text, hex("0000803f"), version))).toEqual(one);
    const empty = await readNpy(npy("{'descr': '<f8', 'fortran_order': True, 'shape': (3, 0, 2), }"));
    expect([empty.shape, empty.data.length]).toEqual([[3, 0, 2], 0]);
  });

  it("turns Fortran's order into that of rows, whatever the axes, also a thousand of size 1", async () => {
    const shape = [2, 1, 3, 2];
    const tuple = [...shape, ...new Array(1000).fill(1)].join(", ");
    const data = new Uint8Array(12);
    // value = its place in row order, written to its place in Fortran's
    for (let i = 0; i < 2; i++)
      for (let j = 0; j < 3; j++) for (let k = 0; k < 2; k++) data[i + 2 * (j + 3 * k)] = k + 2 * (j + 3 * i);
    const text = `{'descr': '|u1', 'fortran_order': True, 'shape': (${tuple}), }`;
    expect([...(await readNpy(npy(text, data))).data]).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
  });

  it("reads from a Blob, a response and a source, which it closes", async () => {
    const bytes = npy(PLAIN, hex("0000803f 00000040"));
    const source = new NotedSource(bytes);
    for (const input of [new Blob([bytes.slice()]), pieceByPiece(bytes, 10).response, source]) {
      expect([...(await readNpy(input)).data]).toEqual([1, 2]);
    }
    expect(source.closed).toBe(true);
    expect(source.ranges.at(-1)).toEqual([bytes.length - 8, 8]);
  });

  const eight = new Uint8Array(8);
  const withText = (text: string) => npy(text, eight);
  const shaped = (shape: string) => withText(`{'descr': '<f4', 'fortran_order': False, 'shape': ${shape}, }`);
  const typed = (descr: string) => withText(`{'descr': ${descr}, 'fortran_order': False, 'shape': (2,), }`);
  const types = "an order of bytes and one of b1, u1, i1, u2, i2, u4, i4, u8, i8, f2, f4, f8";
  const dictionary = "a dictionary of texts, truth values and tuples";
  const tuple = "a tuple of whole numbers from 0 to 2⁵³ − 1";
  it.each<[string, Uint8Array, string]>([
    ["no bytes", hex(""), "magic: expected 8 bytes from 0 on, found a file of 0 bytes"],
    ["another format", utf8("PK......"), "magic: expected bytes 147 78 85 77 80 89, found 80 75 46 46 46 46"],
    ["version 4.0", npy(PLAIN, eight, 4), "version: expected 1.0, 2.0 or 3.0, found 4.0"],
    ["version 0.0", npy(PLAIN, eight, 0), "version: expected 1.0, 2.0 or 3.0, found 0.0"],
    ["no length", npy(PLAIN, eight).slice(0, 9), "header length: expected 2 bytes from 8 on, found a file of 9 bytes"],
    [
      "a header beyond the file",
      npy(PLAIN, eight).slice(0, 30),
      "header: expected 58 bytes from 10 on, found a file of 30 bytes",
    ],
    ["a header of 10,001 bytes", npy("{".padEnd(10_000)), "header length: expected at most 10000 bytes, found 10001"],
    ["a header without a line end", npy(PLAIN, eight, 1, ""), 'header: expected a line end at its end, found " "'],
    [
      "a header that is no UTF-8",
      npy(PLAIN.replace("f4", "é4"), eight, 3, "\n", "latin1"),
      "header: expected UTF-8, found bytes that are not",
    ],
    ["no dictionary", withText("[]"), `header, character 0: expected ${dictionary}, found "[]\\n"`],
    ["an open dictionary", withText(PLAIN.slice(0, -1)), `header, character 55: expected ${dictionary}, found " \\n"`],
    [
      "more behind the dictionary",
      withText(`${PLAIN}{}`),
      `header, character 55: expected ${dictionary}, found " }{}\\n"`,
    ],
    [
      "no comma",
      withText("{'descr': '<f4' 'shape': (2,)}"),
      `header, character 16: expected ${dictionary}, found "'shape': (2,)}\\n"`,
    ],
    ["an unknown name", withText("{'a': 'b'}"), 'header: expected descr, fortran_order, shape, each once, found "a"'],
    [
      "a name twice",
      withText("{'shape': (2,), 'shape': (2,)}"),
      "header: expected descr, fortran_order, shape, each once, found shape again",
    ],
    ["no order", withText("{'descr': '<f4', 'shape': (2,)}"), "fortran_order: expected True or False, found nothing"],
    [
      "no shape",
      withText("{'descr': '<f4', 'fortran_order': False}"),
      "shape: expected a tuple of whole numbers, found nothing",
    ],
    ["no type", withText("{'fortran_order': False, 'shape': (2,)}"), `descr: expected ${types}, found nothing`],
    ["a number for a tuple", shaped("(2)"), `shape: expected ${tuple}, found "(2)"`],
    ["a list for a tuple", shaped("[2]"), `header, character 40: expected ${dictionary}, found " 'shape': [2], }\\n"`],
    ["a negative size", shaped("(-2,)"), `header, character 40: expected ${dictionary}, found " 'shape': (-2,), }\\n"`],
    ["a missing number", shaped("(2,,)"), `shape: expected ${tuple}, found "(2,,)"`],
    ["a size of 2⁵³", shaped("(9007199254740992,)"), `shape: expected ${tuple}, found "(9007199254740992,)"`],
    [
      "sizes whose product overflows",
      shaped("(9007199254740991, 2)"),
      "shape: expected a size below 2⁵³ bytes, found [9007199254740991,2]",
    ],
    ["an object", typed("'|O'"), `descr: expected ${types}, found "|O"`],
    ["complex numbers", typed("'<c8'"), `descr: expected ${types}, found "<c8"`],
    [
      "a structure",
      typed("[('a', '<f4')]"),
      `header, character 1: expected ${dictionary}, found "'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (2…"`,
    ],
    ["an unknown order of bytes", typed("'!f4'"), `descr: expected ${types}, found "!f4"`],
    ["too few values", shaped("(3,)"), "size: expected 80 bytes by its header, found 76"],
    ["too many values", shaped("(1,)"), "size: expected 72 bytes by its header, found 76"],
    [
      "a truth value that is none",
      npy("{'descr': '|b1', 'fortran_order': False, 'shape': (2,), }", hex("0102")),
      "data: value 1: expected 0 or 1, found 2",
    ],
  ])("refuses %s", async (_, bytes, problem) => {
    expect(await refusal(() => readNpy(bytes))).toBe(`readNpy: npy file: ${problem}`);
    expect(await refusal(() => readNpyExact(bytes, { file: "x" }))).toBe(`readNpyExact: x: ${problem}`);
  });

  it("refuses a response that ends early or goes on", async () => {
    const bytes = npy(PLAIN, eight);
    expect(await refusal(() => readNpy(pieceByPiece(bytes.slice(0, -1), 10).response))).toMatch(
      /data: expected 8 bytes/,
    );
    expect(await refusal(() => readNpy(pieceByPiece(join(bytes, [0]), 10).response))).toMatch(
      /size: expected 76 .* found more/,
    );
  });
});

describe("writeNpy", () => {
  it("writes version 1.0, to the byte, with data at a multiple of 64", () => {
    const bytes = writeNpy({ shape: [2, 1], data: Float32Array.of(1, -2) });
    const text = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 1), }".padEnd(117);
    expect([...bytes.subarray(0, 10)]).toEqual([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, 118, 0]);
    expect(bytes.subarray(10)).toEqual(join(utf8(`${text}\n`), hex("0000803f 000000c0")));
  });

  it("writes what is read again, bit for bit", async () => {
    const arrays = fc.array(fc.nat(3), { maxLength: 4 }).chain((shape) => {
      const size = shape.reduce((product, extent) => product * extent, 1);
      return fc.float32Array({ minLength: size, maxLength: size }).map((data) => ({ shape, data }));
    });
    const property = fc.asyncProperty(arrays, async (array) => {
      const bytes = writeNpy(array);
      expect((bytes.length - 4 * array.data.length) % 64).toBe(0);
      const read = await readNpy(bytes);
      expect([read.shape, bytesOf(read.data)]).toEqual([array.shape, bytesOf(array.data)]);
    });
    await fc.assert(property, runs());
  });

  it("refuses values that do not fill the shape, and more axes than a header holds", () => {
    const write = (shape: number[]) => () => writeNpy({ shape, data: Float32Array.of(1) });
    expect(write([2])).toThrow(new ShapeError("writeNpy", "1 values do not fill [2]"));
    expect(write([-1])).toThrow(ShapeError);
    expect(write(new Array(4000).fill(1))).toThrow("writeNpy: 4000 axes are more than NumPy reads");
  });
});
