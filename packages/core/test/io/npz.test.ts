// NumPy's .npz files: zip files, whose directory, headers, sizes and checksums all have to agree.
// Longer than other files: one line a refusal.

import { deflateRawSync } from "node:zlib";
import { ArgumentError } from "@adjoint/core";
import { type FileArray, openNpz, writeNpz } from "@adjoint/core/io";
import { describe, expect, it } from "vitest";
import { hex, join, NotedSource, npy, pieceByPiece, refusal, utf8 } from "./support.js";
import { COMPRESSED, SAVED, type ZipPart, zip } from "./zip-support.js";

const PLAIN = npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }", hex("0000803f 00000040"));
const arrays = new Map<string, FileArray>([
  ["w", { shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) }],
  ["é/b", { shape: [], data: Float32Array.of(-0) }],
  ["", { shape: [0, 5], data: new Float32Array(0) }],
]);

describe("openNpz", () => {
  it("reads what NumPy 1.24 wrote, stored and deflated", async () => {
    const saved = await openNpz(SAVED);
    expect(saved.names).toEqual(["a", "b"]);
    expect([...(await saved.readAll())]).toEqual([
      ["a", { shape: [3], data: Float32Array.of(0, 1, 2) }],
      ["b", { shape: [], data: Float32Array.of(1) }],
    ]);
    expect((await saved.readExact("b")).type).toBe("bool");
    expect(await (await openNpz(COMPRESSED)).read("a")).toEqual({ shape: [3], data: Float32Array.of(0, 1, 2) });
  });

  it("reads entries whose sizes follow their data, and whose sizes are in zip64's field", async () => {
    for (const descriptor of [12, 16, 20, 24]) {
      const bytes = zip([
        { name: "a.npy", data: PLAIN, flags: 8, local: { crc: 0, stored: 0, size: 0 }, gap: descriptor },
      ]);
      expect([...(await (await openNpz(bytes)).read("a")).data]).toEqual([1, 2]);
    }
    const sizes = new DataView(new ArrayBuffer(24));
    sizes.setUint32(0, 0x7777, true);
    sizes.setUint16(4, 1, true);
    sizes.setUint16(6, 16, true);
    sizes.setUint32(8, PLAIN.length, true);
    sizes.setUint32(16, PLAIN.length, true);
    const extra = new Uint8Array(sizes.buffer);
    const local = { stored: 0xffffffff, size: 0xffffffff, extra };
    expect([...(await (await openNpz(zip([{ name: "a.npy", data: PLAIN, local }]))).read("a")).data]).toEqual([1, 2]);
    sizes.setUint32(8, PLAIN.length + 1, true);
    const wrong = await openNpz(zip([{ name: "a.npy", data: PLAIN, local }]));
    expect(await refusal(() => wrong.read("a"))).toMatch(/local header: size in zip64: expected 76, found 77$/);
  });

  it("reads the directory, and then only the array that is asked for", async () => {
    const source = new NotedSource(SAVED);
    const file = await openNpz(source);
    expect(source.ranges.every(([first]) => first >= 0x17b)).toBe(true);
    await file.read("b");
    expect(source.ranges.slice(2).every(([first]) => first >= 0xc3)).toBe(true);
    await file.close();
    expect(source.closed).toBe(true);
    await expect(file.read("c")).rejects.toThrow(new ArgumentError("openNpz", 'npz file: there is no array "c"'));
  });

  it("reads from a Blob and from a response, of any length", async () => {
    const said = { headers: { "content-length": String(SAVED.length) } };
    for (const input of [
      new Blob([SAVED.slice()]),
      pieceByPiece(SAVED, 50).response,
      pieceByPiece(SAVED, 50, said).response,
    ]) {
      expect((await openNpz(input)).names).toEqual(["a", "b"]);
    }
  });
});

/** A zip file of one array, stored as it is, of which the part says what is wrong. */
const one = (part: Partial<ZipPart> = {}) => zip([{ name: "a.npy", data: PLAIN, ...part }]);

const deflated = (rest: Partial<ZipPart> = {}) => one({ method: 8, stored: deflateRawSync(PLAIN), ...rest });

describe("a wrong npz file is refused for", () => {
  const end = "end of central directory";
  it.each<[string, Uint8Array, string]>([
    ["no bytes", hex(""), "size: expected at least the 22 bytes of an empty zip file, found 0"],
    [
      "another format",
      PLAIN,
      `${end}: expected it at the end, with no more than its comment behind it, found 0x27657061`,
    ],
    [
      "a comment",
      zip([], { comment: 1 }),
      `${end}: expected it at the end, with no more than its comment behind it, found 0x06054b50`,
    ],
    [
      "bytes behind it",
      join(one(), [0]),
      `${end}: expected it at the end, with no more than its comment behind it, found 0x0006054b`,
    ],
    ["bytes before it", join([0], one()), "central directory: expected its end at 163, found 111 + 51"],
    [
      "a directory that begins later",
      one({ offset: 1 }),
      "data: expected the first entry, or the directory, at the beginning, found it at 1",
    ],
    [
      "bytes before a directory of nothing",
      zip([], { before: 3 }),
      "data: expected the first entry, or the directory, at the beginning, found it at 3",
    ],
    ["two parts", zip([], { disk: 1 }), `${end}: expected a file of one part, found parts 1 and 0`],
    ["more entries than there are", zip([], { count: 0xffff }), "entry 0: expected 46 bytes, found 0"],
    [
      "an entry in zip64 without its field",
      one({ size: 0xffffffff }),
      'entry "a.npy": zip64: expected a field with the sizes that do not fit, found none',
    ],
    ["an entry too few", zip([{ name: "a.npy", data: PLAIN }], { count: 2 }), "entry 1: expected 46 bytes, found 0"],
    [
      "an entry too many",
      zip([{ name: "a.npy", data: PLAIN }], { count: 0 }),
      "central directory: expected 0 bytes for 0 entries, found 51",
    ],
    ["a name beyond the directory", one({ nameLength: 6 }), "entry 0: expected 52 bytes, found 51"],
    ["another signature", one({ signature: 0x01020304 }), "entry 0: expected 0x02014b50, found 0x01020304"],
    ["another part", one({ part: 1 }), 'entry "a.npy": expected a file of one part, found part 1'],
    ["encryption", one({ flags: 1 }), 'entry "a.npy": flags: expected an entry that is not encrypted, found 1'],
    ["an unknown flag", one({ flags: 64 }), 'entry "a.npy": flags: expected none but 2, 4, 8 and 2048, found 64'],
    ["another method", one({ method: 12 }), 'entry "a.npy": method: expected 0 (stored) or 8 (deflated), found 12'],
    [
      "a stored entry of another size",
      one({ size: 5 }),
      `entry "a.npy": size: expected the ${PLAIN.length} bytes that are stored, found 5`,
    ],
    [
      "a name that is not said to be UTF-8",
      one({ name: "é.npy" }),
      "entry 0: name: expected UTF-8 that says so, or ASCII, found other bytes",
    ],
    [
      "a name that is no UTF-8",
      one({ nameBytes: hex("ff2e6e7079"), flags: 0x800 }),
      "entry 0: name: expected UTF-8 that says so, or ASCII, found other bytes",
    ],
    [
      "a name twice",
      zip([
        { name: "a.npy", data: PLAIN },
        { name: "a.npy", data: PLAIN },
      ]),
      'entry "a.npy": expected each name once, found it again',
    ],
    [
      "an entry in another",
      zip([
        { name: "a.npy", data: PLAIN },
        { name: "b.npy", data: PLAIN, offset: 50 },
      ]),
      'entry "a.npy": expected its end at 111 or later, found what follows it at 50',
    ],
    [
      "data beyond the directory",
      one({ method: 8, storedSize: 77 }),
      'entry "a.npy": expected its end at 112 or later, found what follows it at 111',
    ],
    [
      "another local signature",
      one({ local: { signature: 7 } }),
      '"a.npy": local header: signature: expected 67324752, found 7',
    ],
    ["other local flags", one({ local: { flags: 2 } }), '"a.npy": local header: flags: expected 0, found 2'],
    ["another local method", one({ local: { method: 8 } }), '"a.npy": local header: method: expected 0, found 8'],
    [
      "another local name",
      one({ local: { name: "b.npy" } }),
      '"a.npy": local header: name: expected that in the directory, found another',
    ],
    ["another local size", one({ local: { size: 3 } }), '"a.npy": local header: size: expected 76, found 3'],
    [
      "another local stored size",
      one({ local: { stored: 3 } }),
      '"a.npy": local header: stored size: expected 76, found 3',
    ],
    [
      "no sizes in zip64's place",
      one({ local: { stored: 0xffffffff, size: 0xffffffff } }),
      '"a.npy": local header: size in zip64: expected 76, found -1',
    ],
    ["bytes behind an entry", one({ gap: 1 }), '"a.npy": data: expected 0 bytes behind it, found 1'],
    [
      "sizes that do not follow",
      one({ flags: 8 }),
      '"a.npy": data: expected 12 or 16 or 20 or 24 bytes behind it, found 0',
    ],
    ["another local checksum", one({ local: { crc: 1 } }), `"a.npy": local header: CRC-32: expected ${CRC()}, found 1`],
    [
      "a wrong checksum",
      one({ crc: 1 }),
      `"a.npy": CRC-32: expected 0x00000001, found 0x${CRC().toString(16).padStart(8, "0")}`,
    ],
    [
      "an array that is none",
      one({ data: utf8("12345678") }),
      '"a.npy": magic: expected bytes 147 78 85 77 80 89, found 49 50 51 52 53 54',
    ],
  ])("%s", async (_, bytes, problem) => {
    const source = new NotedSource(bytes);
    expect(await refusal(async () => (await openNpz(source)).read("a"))).toBe(`openNpz: npz file: ${problem}`);
    if (!problem.startsWith('"')) expect(source.closed).toBe(true);
  });

  function CRC(): number {
    const bytes = zip([{ name: "", data: PLAIN }]);
    return new DataView(bytes.buffer).getUint32(14, true);
  }

  const packed = deflateRawSync(PLAIN);
  it.each<[string, Uint8Array, RegExp]>([
    [
      "a wrong checksum of deflated data",
      deflated({ crc: 1 }),
      /"a\.npy": deflated data: expected whole deflated data, found /,
    ],
    [
      "half of its deflated data",
      deflated({ stored: packed.subarray(0, -3) }),
      /deflated data: expected whole deflated data, found /,
    ],
    [
      "no deflated data",
      deflated({ stored: hex("") }),
      /size: expected no more than 0 deflated bytes can become, found 76/,
    ],
    ["bytes behind the deflated data", deflated({ stored: join(packed, [1, 2, 3]) }), /deflated data: expected /],
    [
      "zeros behind the deflated data",
      deflated({ stored: join(packed, new Uint8Array(8)) }),
      /deflated data: expected /,
    ],
    [
      "what is no deflated data",
      deflated({ stored: new Uint8Array(50).fill(255) }),
      /deflated data: expected whole deflated data, found /,
    ],
    [
      "a size that is too small",
      deflated({ size: 75 }),
      /size: expected 75 bytes, found more|deflated data: expected whole/,
    ],
    ["a size that is too large", deflated({ size: 77 }), /deflated data: expected /],
    [
      "a size beyond all deflating",
      deflated({ size: packed.length * 1032 + 1 }),
      /size: expected no more than \d+ deflated bytes can become/,
    ],
  ])("%s", async (_, bytes, problem) => {
    expect(await refusal(async () => (await openNpz(bytes)).read("a"))).toMatch(problem);
  });

  it("a bomb: as soon as it is more than the directory says", async () => {
    const bomb = deflateRawSync(new Uint8Array(300_000_000), { level: 9 });
    const bytes = one({ method: 8, stored: bomb, size: 1000 });
    const before = process.memoryUsage().arrayBuffers;
    expect(await refusal(async () => (await openNpz(bytes)).read("a"))).toMatch(
      /size: expected 1000 bytes, found more$/,
    );
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(30_000_000);
  });
});

describe("writeNpz", () => {
  it.each([[false], [true]])("writes what is read again, deflated: %s", async (compress) => {
    const bytes = await writeNpz(arrays, { compress });
    expect(await (await openNpz(bytes)).readAll()).toEqual(arrays);
  });

  it("writes the same bytes each time, stored, each header at its place", async () => {
    const bytes = await writeNpz([["a", { shape: [1], data: Float32Array.of(1) }]]);
    expect(bytes).toEqual(await writeNpz([["a", { shape: [1], data: Float32Array.of(1) }]]));
    const local = hex("504b0304 1400 0000 0000 0000 2100");
    const entry = hex("504b0102 1400 1400 0000 0000 0000 2100");
    expect(bytes.subarray(0, 14)).toEqual(local);
    expect(bytes.subarray(-73, -73 + 16)).toEqual(entry);
    expect(bytes.subarray(-22)).toEqual(hex("504b0506 0000 0000 0100 0100 33000000 a7000000 0000"));
    expect((await (await openNpz(await writeNpz([]))).readAll()).size).toBe(0);
  });

  it("makes deflated files smaller", async () => {
    const zeros = [["a", { shape: [1000], data: new Float32Array(1000) }]] as const;
    expect((await writeNpz(zeros, { compress: true })).length).toBeLessThan(400);
  });

  it("refuses what it cannot write", async () => {
    const a: FileArray = { shape: [1], data: Float32Array.of(1) };
    await expect(
      writeNpz([
        ["a", a],
        ["a", a],
      ]),
    ).rejects.toThrow(new ArgumentError("writeNpz", 'there are two "a"'));
    await expect(writeNpz([["\ud800", a]])).rejects.toThrow("has half of a surrogate pair");
    await expect(writeNpz([["x".repeat(10_001), a]])).rejects.toThrow("a name of 10001 characters is too long");
    await expect(writeNpz([["a", { ...a, shape: [2] }]])).rejects.toThrow('writeNpz: "a": 1 values do not fill [2]');
  });
});
