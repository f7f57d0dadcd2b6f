// Files as others write them: all that the formats allow is read, and one tensor that cannot be takes no other with it.

import { gzipSync } from "node:zlib";
import { openNpz, openSafetensors, readIdx, readNpy, writeIdx, writeNpy } from "@adjoint/core/io";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { runs } from "../support/runs.js";
import { bytesOf, hex, join, npy, refusal, safetensors } from "./support.js";
import { zip } from "./zip-support.js";

const VALUES = Float32Array.of(1, -2);
const ARRAY = writeNpy({ shape: [2], data: VALUES });

describe("safetensors of others", () => {
  const good = { dtype: "F32", shape: [2], data_offsets: [0, 8] };

  it("has null for no metadata, and fields that say something to others", async () => {
    const more = { note: null, scale: -0.5, list: [true, { deep: 1e300 }], shape_text: "2" };
    const file = await openSafetensors(safetensors({ __metadata__: null, a: { ...good, ...more } }, bytesOf(VALUES)));
    expect([...file.metadata]).toEqual([]);
    expect((await file.read("a")).data).toEqual(VALUES);
  });

  it.each([
    ["F8_E4M3", [3], 3],
    ["F8_E5M2", [3], 3],
    ["F8_E8M0", [3], 3],
    ["F4", [2, 3], 3],
    ["F6_E2M3", [4], 3],
    ["C64", [1], 8],
  ])("has a tensor of %s among others: it is listed, and refused when it is asked for", async (dtype, shape, size) => {
    const header = { a: good, b: { dtype, shape, data_offsets: [8, 8 + size] } };
    const bytes = safetensors(header, join(bytesOf(VALUES), new Uint8Array(size)));
    const file = await openSafetensors(bytes);
    expect(file.tensors.get("b")).toEqual({ type: undefined, dtype, shape, begin: 8, end: 8 + size });
    expect((await file.read("a")).data).toEqual(VALUES);
    const refused = `openSafetensors: safetensors file: tensor "b": dtype: expected a type that is read, found ${dtype}`;
    expect(await refusal(() => file.read("b"))).toBe(refused);
    expect(await refusal(() => file.readAll())).toBe(refused);
    // its size is checked as that of any other
    header.b.shape = [...shape, 2];
    expect(await refusal(() => openSafetensors(safetensors(header, bytes.slice(-8 - size))))).toContain(
      `tensor "b": data_offsets: expected ${2 * size} bytes for ${dtype}`,
    );
  });
});

describe("npy of others", () => {
  it.each([
    ["Python 2's long numbers", "{'descr': '<f4', 'fortran_order': False, 'shape': (2L, 1L), }"],
    ["one long number", "{'descr': '<f4', 'fortran_order': False, 'shape': (2L,), }"],
    ["double quotes", `{"descr": "<f4", "fortran_order": False, "shape": (2,)}`],
    ["Unicode and bytes in Python", "{u'descr': b'<f4', u'fortran_order': False, u'shape': (2,)}"],
    ["the order of the machine", "{'descr': '=f4', 'fortran_order': False, 'shape': (2,), }"],
    ["no order", "{'descr': 'f4', 'fortran_order': False, 'shape': (2,), }"],
    ["an order that says nothing", "{'descr': '|f4', 'fortran_order': False, 'shape': (2,), }"],
    ["lines and another sequence", "{\n 'shape' :\t( 2 , ) ,\n'fortran_order':False,\n'descr':'<f4'\n}   "],
  ])("has %s", async (_, text) => {
    expect((await readNpy(npy(text, bytesOf(VALUES)))).data).toEqual(VALUES);
  });

  it.each(["|b1", "<b1", "b1", "=u1", ">u1", "<i1"])("has bytes of type %s", async (descr) => {
    const { data } = await readNpy(npy(`{'descr': '${descr}', 'fortran_order': False, 'shape': (2,), }`, hex("0100")));
    expect([...data]).toEqual([1, 0]);
  });

  it.each(["(2l,)", "(2LL,)", "(L,)", "(02,)", "(2 1,)"])("with the shape %s is refused", async (shape) => {
    const file = npy(`{'descr': '<f4', 'fortran_order': False, 'shape': ${shape}, }`, bytesOf(VALUES));
    expect(await refusal(() => readNpy(file))).toMatch(/^readNpy: npy file: /);
  });
});

/** Numbers as little-endian bytes: [value, bytes]. */
const numbers = (...pairs: readonly (readonly [number, number])[]) =>
  Uint8Array.from(
    pairs.flatMap(([value, size]) => Array.from({ length: size }, (_, i) => Math.floor(value / 256 ** i) & 255)),
  );

describe("npz of others", () => {
  const read = async (bytes: Uint8Array) =>
    [...(await (await openNpz(bytes)).readAll())].map(([name, { data }]) => [name, data]);

  it("has folders and other files, of which nothing but the place is looked at", async () => {
    const bytes = zip([
      { name: "folder/", data: new Uint8Array(0) },
      { name: "folder/a.npy", data: ARRAY },
      { name: "README.txt", data: hex("00"), method: 12, flags: 1 },
      { name: "", nameBytes: hex("e9742e747874"), data: hex("00") },
    ]);
    expect(await read(bytes)).toEqual([["folder/a", VALUES]]);
  });

  it("has a comment, also one that looks like an end", async () => {
    for (const comment of [hex("41"), new Uint8Array(0xffff), join(hex("504b0506"), new Uint8Array(40))]) {
      const bytes = join(zip([{ name: "a.npy", data: ARRAY }], { comment: comment.length }), comment);
      expect(await read(bytes)).toEqual([["a", VALUES]]);
      expect(await refusal(() => openNpz(join(bytes, [0])))).toContain("end of central directory");
    }
  });

  /** A file whose numbers are in zip64: those of the entry, and those of the directory. */
  function inZip64({ size = ARRAY.length, offset = 0, count = 1, at = 0, places = 0 } = {}) {
    const plain = zip([{ name: "a.npy", data: ARRAY }]);
    const directory = plain.length - 22 - 51;
    const field = numbers([1, 2], [24, 2], [size, 8], [ARRAY.length, 8], [offset, 8]);
    const entry = plain.slice(directory, directory + 51);
    entry.set(numbers([0xffffffff, 4], [0xffffffff, 4]), 20);
    entry.set(numbers([field.length, 2]), 30);
    entry.set(numbers([0xffffffff, 4]), 42);
    const bytes = entry.length + field.length;
    const end64 = numbers(
      [0x06064b50, 4],
      [44, 8],
      [45, 2],
      [45, 2],
      [0, 4],
      [0, 4],
      [1, 8],
      [count, 8],
      [bytes, 8],
      [directory + places, 8],
    );
    const locator = numbers([0x07064b50, 4], [0, 4], [directory + bytes + at, 8], [1, 4]);
    const end = numbers(
      [0x06054b50, 4],
      [0, 2],
      [0, 2],
      [0xffff, 2],
      [0xffff, 2],
      [0xffffffff, 4],
      [0xffffffff, 4],
      [0, 2],
    );
    return join(plain.slice(0, directory), entry, field, end64, locator, end);
  }

  it("has zip64, in entries and at the end", async () => {
    expect(await read(inZip64())).toEqual([["a", VALUES]]);
  });

  it.each([
    [{ size: 1 }, "size: expected the 136 bytes that are stored, found 1"],
    [{ size: 2 ** 60 }, "zip64: expected a number below 2⁵³"],
    [{ offset: 1 }, "data: expected the first entry, or the directory, at the beginning"],
    [{ count: 2 }, "end of central directory in zip64: expected a file of one part"],
    [{ at: 1 }, "end of central directory in zip64: expected "],
    [{ at: -1 }, "end of central directory in zip64: expected "],
    [{ places: 1 }, "central directory: expected its end at "],
  ])("with zip64 that says %o is refused", async (wrong, problem) => {
    expect(await refusal(() => openNpz(inZip64(wrong)))).toContain(problem);
  });
});

describe("gzip of others", () => {
  it("has several members, empty ones too, and zeros behind the last", async () => {
    const cuts = fc.array(fc.nat(1500), { maxLength: 5 }).map((all) => [...all].sort((a, b) => a - b));
    const content = fc.oneof(
      fc.uint8Array({ maxLength: 1500 }),
      // what looks like a member's beginning
      fc.array(fc.constantFrom(0x1f, 0x8b, 8, 0), { maxLength: 60 }).map((bytes) => Uint8Array.from(bytes)),
    );
    await fc.assert(
      fc.asyncProperty(content, cuts, fc.nat(12), fc.constantFrom(0, 9), async (data, places, zeros, level) => {
        const plain = writeIdx({ shape: [data.length], data });
        const members = [0, ...places].map((from, i, all) =>
          gzipSync(plain.slice(from, all[i + 1] ?? plain.length), { level }),
        );
        const { data: found } = await readIdx(join(...members, new Uint8Array(zeros)));
        expect(found).toEqual(Float32Array.from(data));
        // whatever else follows is refused
        expect(await refusal(() => readIdx(join(...members, new Uint8Array(zeros), [7])))).toMatch(/^readIdx: /);
      }),
      runs(),
    );
  });
});
