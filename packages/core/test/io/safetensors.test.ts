// Reading safetensors: what a file holds, what of it is read, and each way in which a file can be wrong.
// Longer than other files: one line a refusal.

import { ArgumentError, DataError } from "@adjoint/core";
import { FileFormatError, openSafetensors } from "@adjoint/core/io";
import { describe, expect, it } from "vitest";
import { bytesOf, hex, join, NotedSource, pieceByPiece, refusal, safetensors, utf8 } from "./support.js";

/** One tensor of any type, called a. */
function single(dtype: string, shape: readonly number[], data: Uint8Array | readonly number[], begin = 0): Uint8Array {
  return safetensors({ a: { dtype, shape, data_offsets: [begin, begin + data.length] } }, data);
}

async function readSingle(bytes: Uint8Array) {
  const file = await openSafetensors(bytes);
  const [exact, float32] = [await file.readExact("a"), await file.read("a")];
  expect(float32.shape).toEqual(exact.shape);
  return { type: exact.type, shape: exact.shape, exact: [...exact.data], float32: [...float32.data] };
}

describe("openSafetensors", () => {
  it("reads the file that the format's own documentation shows", async () => {
    const header = '{"test":{"dtype":"I32","shape":[2,2],"data_offsets":[0,16]}}';
    const file = await openSafetensors(join(hex("3c 00 00 00 00 00 00 00"), utf8(header), new Uint8Array(16)));
    expect([...file.tensors]).toEqual([["test", { type: "int32", dtype: "I32", shape: [2, 2], begin: 0, end: 16 }]]);
    expect(await file.read("test")).toEqual({ shape: [2, 2], data: new Float32Array(4) });
  });

  it.each([
    ["BOOL", "bool", [0, 1, 1], [0, 1, 1], [0, 1, 1]],
    ["U8", "uint8", [0, 255], [0, 255], [0, 255]],
    ["I8", "int8", [0x80, 0x7f], [-128, 127], [-128, 127]],
    ["U16", "uint16", [0x34, 0x12], [0x1234], [0x1234]],
    ["I16", "int16", [0xff, 0xff], [-1], [-1]],
    ["U32", "uint32", [0xff, 0xff, 0xff, 0xff], [2 ** 32 - 1], [2 ** 32]],
    ["I32", "int32", [1, 0, 0, 0x80], [1 - 2 ** 31], [-(2 ** 31)]],
    ["U64", "uint64", new Array(8).fill(255), [2n ** 64n - 1n], [2 ** 64]],
    ["I64", "int64", [0xfe, ...new Array(7).fill(255)], [-2n], [-2]],
    ["F16", "float16", hex("003c 01c0 ffff 007c 0100 00fc ff7b 0080"), undefined, undefined],
    ["BF16", "bfloat16", hex("803f 80ff c07f"), [0x3f80, 0xff80, 0x7fc0], [1, Number.NEGATIVE_INFINITY, Number.NaN]],
    ["F32", "float32", bytesOf(Float32Array.of(0.1, -0)), [Math.fround(0.1), -0], [Math.fround(0.1), -0]],
    [
      "F64",
      "float64",
      bytesOf(Float64Array.of(0.1, 1e300)),
      [0.1, 1e300],
      [Math.fround(0.1), Number.POSITIVE_INFINITY],
    ],
  ] as const)("reads %s", async (dtype, type, data, exact, float32) => {
    const { BYTES_PER_ELEMENT } = (await (await openSafetensors(single(dtype, [0], []))).readExact("a")).data;
    const read = await readSingle(single(dtype, [data.length / BYTES_PER_ELEMENT], data));
    expect(read.type).toBe(type);
    if (exact) expect([read.exact, read.float32]).toEqual([exact, float32]);
  });

  it("reads half precision: one, −2 with one unit more, NaN, infinities, the least, the largest, −0", async () => {
    const { float32 } = await readSingle(single("F16", [8], hex("003c 01c0 ffff 007c 0100 00fc ff7b 0080")));
    const [infinity, least] = [Number.POSITIVE_INFINITY, 2 ** -24];
    expect(float32).toEqual([1, -(2 + 2 ** -9), Number.NaN, infinity, least, -infinity, 65504, -0]);
  });

  it("rounds 64-bit integers once, not first to float64", async () => {
    const half = 2n ** 60n + 2n ** 36n; // in the middle between two float32
    const integers = BigInt64Array.of(half, half + 1n, -half, -half - 1n, half - 1n, 2n ** 53n + 1n);
    const up = 2 ** 60 + 2 ** 37;
    const { float32 } = await readSingle(single("I64", [6], bytesOf(integers)));
    expect(float32).toEqual([2 ** 60, up, -(2 ** 60), -up, 2 ** 60, 2 ** 53]);
  });

  it("reads metadata, scalars, empty tensors, and names of all kinds", async () => {
    const header = `{"__metadata__":{"a":"1","":"é"},"1":{"dtype":"F32","shape":[],"data_offsets":[0,4]},
      "__proto__":{"shape":[2,0],"dtype":"F64","data_offsets":[4,4]},"\\u00e9":{"data_offsets":[4,5],"dtype":"U8","shape":[1,1]}} `;
    const file = await openSafetensors(safetensors(header, [0, 0, 0x80, 0x3f, 7]));
    expect([...file.metadata]).toEqual([
      ["a", "1"],
      ["", "é"],
    ]);
    expect([...file.tensors.keys()]).toEqual(["1", "__proto__", "é"]);
    expect([...(await file.readAll()).values()].map(({ shape, data }) => [shape, [...data]])).toEqual([
      [[], [1]],
      [[2, 0], []],
      [[1, 1], [7]],
    ]);
  });

  it("reads an empty file of the format", async () => {
    const file = await openSafetensors(safetensors("{}"));
    expect([file.tensors.size, file.metadata.size]).toEqual([0, 0]);
  });

  it("gives copies", async () => {
    const bytes = single("U8", [2], [1, 2]);
    const { data } = await (await openSafetensors(bytes)).readExact("a");
    bytes.fill(9);
    expect([...data]).toEqual([1, 2]);
  });

  it("refuses a name that is not there", async () => {
    const file = await openSafetensors(single("U8", [1], [1]), { file: "x.safetensors" });
    await expect(file.read("b")).rejects.toThrow(
      new ArgumentError("openSafetensors", 'x.safetensors: there is no tensor "b"'),
    );
    await expect(file.readAll(["a", "b"])).rejects.toThrow(ArgumentError);
  });
});

describe("a safetensors file", () => {
  const three = safetensors(
    {
      last: { dtype: "U8", shape: [40], data_offsets: [60, 100] },
      first: { dtype: "U8", shape: [50], data_offsets: [0, 50] },
      middle: { dtype: "U8", shape: [10], data_offsets: [50, 60] },
    },
    Array.from({ length: 100 }, (_, i) => i),
  );
  const start = three.length - 100;

  it("is read at the places asked for, and nowhere else", async () => {
    const source = new NotedSource(three);
    const file = await openSafetensors(source);
    expect(source.ranges).toEqual([
      [0, 8],
      [8, start - 8],
    ]);
    expect([...(await file.read("middle")).data]).toEqual([50, 51, 52, 53, 54, 55, 56, 57, 58, 59]);
    expect(source.ranges.slice(2)).toEqual([[start + 50, 10]]);
    expect([...file.tensors.keys()]).toEqual(["first", "middle", "last"]);
    expect([...(await file.readAll(["last", "first"])).keys()]).toEqual(["first", "last"]);
    expect(source.closed).toBe(false);
    await file.close();
    expect(source.closed).toBe(true);
  });

  it("is read from bytes in the middle of others, a buffer, a Blob and a File", async () => {
    const larger = join([1, 2, 3], three, [4]);
    const inputs = [larger.subarray(3, 3 + three.length), three.slice().buffer, new Blob([three.slice()])];
    for (const input of inputs) expect((await (await openSafetensors(input)).read("last")).data[39]).toBe(99);
    const file = new File([three.slice(0, 20)], "weights.safetensors");
    expect(await refusal(() => openSafetensors(file))).toMatch(
      /^openSafetensors: weights\.safetensors: header length: /,
    );
  });

  it("is received from a response only as far as what is asked for", async () => {
    const { response, state } = pieceByPiece(three, 7);
    const file = await openSafetensors(response);
    expect(state.taken).toBeLessThan(start + 7);
    expect((await file.read("middle")).data[9]).toBe(59);
    expect(state.taken).toBeLessThan(start + 60 + 7);
    // what has passed by is still there
    expect((await file.read("first")).data[49]).toBe(49);
    expect(state.cancelled).toBe(false);
    await file.close();
    expect(state.cancelled).toBe(true);
  });

  it("in a response that goes on or ends early is refused, with and without Content-Length", async () => {
    const longer = join(three, [0]);
    const unsaid = await openSafetensors(pieceByPiece(longer, 9).response);
    expect((await unsaid.read("middle")).shape).toEqual([10]);
    expect(await refusal(() => unsaid.read("last"))).toMatch(/: size: expected \d+ bytes by its header, found another/);
    const said = pieceByPiece(longer, 9, { headers: { "content-length": String(longer.length) } });
    expect(await refusal(() => openSafetensors(said.response))).toMatch(
      /: size: expected 2\d\d bytes by its header, found/,
    );
    expect(said.state.cancelled).toBe(true);
    const short = await openSafetensors(pieceByPiece(three.slice(0, -1), 9).response);
    expect(await refusal(() => short.read("last"))).toMatch(
      /tensor "last": expected 40 bytes from \d+ on, found 39 bytes/,
    );
    // what was compressed on the way has another length
    const packed = { headers: { "content-length": "12", "content-encoding": "gzip" } };
    expect((await (await openSafetensors(pieceByPiece(three, 9, packed).response)).read("last")).data[0]).toBe(60);
    expect(await refusal(() => openSafetensors(pieceByPiece(join(safetensors("{}"), [0]), 9).response))).toMatch(
      /: size: /,
    );
  });

  it("is refused for a response that is no whole file, and is not begun twice", async () => {
    expect(await refusal(() => openSafetensors(new Response("", { status: 404, statusText: "Not Found" })))).toBe(
      "openSafetensors: safetensors file: status: expected 200, found 404 Not Found",
    );
    expect(await refusal(() => openSafetensors(new Response(three.slice(), { status: 206 })))).toMatch(/found 206$/);
    expect(await refusal(() => openSafetensors(new Response(null)))).toMatch(/header length: expected 8 bytes/);
    const used = new Response(three.slice());
    await used.arrayBuffer();
    await expect(openSafetensors(used)).rejects.toThrow(ArgumentError);
  });

  it("from a source that gives too little is refused, and what a source throws is thrown on", async () => {
    const lying = new NotedSource(three.slice(0, -1), three.length);
    const file = await openSafetensors(lying);
    expect(await refusal(() => file.read("last"))).toMatch(/tensor "last": expected 40 bytes/);
    const broken = { size: 100, read: () => Promise.reject(new RangeError("unplugged")) };
    await expect(openSafetensors(broken)).rejects.toThrow(new RangeError("unplugged"));
    for (const none of [null, 3, "path", {}, { size: 1.5, read: () => hex("") }, { size: 3 }]) {
      await expect(openSafetensors(none as never)).rejects.toThrow(
        "expected bytes, a Blob, a Response or { size, read }",
      );
    }
  });
});

describe("a wrong safetensors file is refused for", () => {
  const info = (rest: object) => ({ a: { dtype: "F32", shape: [1], data_offsets: [0, 4], ...rest } });
  const four = [0, 0, 0, 0];
  const u8 = (begin: number, end: number) => ({ dtype: "U8", shape: [end - begin], data_offsets: [begin, end] });
  const length = (text: string) => join(hex(text), utf8("{}"));

  it.each<[string, Uint8Array, string]>([
    ["no bytes", hex(""), "header length: expected 8 bytes from 0 on, found a file of 0 bytes"],
    ["seven bytes", hex("02000000000000"), "header length: expected 8 bytes from 0 on, found a file of 7 bytes"],
    [
      "a header beyond the file",
      length("0300000000000000"),
      "header length: expected at most the 2 bytes that follow it, found 3",
    ],
    [
      "a header of 2⁶⁴ − 1",
      length("ffffffffffffffff"),
      "header length: expected at most 100000000 bytes, found 18446744073709551615",
    ],
    ["no header", safetensors(""), 'header: expected to begin with "{", found an empty header'],
    ["white space before the header", safetensors(" {}"), 'header: expected to begin with "{", found byte 32'],
    ["a byte order mark", safetensors("\ufeff{}"), 'header: expected to begin with "{", found byte 239'],
    [
      "no UTF-8",
      safetensors(join(utf8('{"'), [0xff], utf8('":1}'))),
      "header: expected UTF-8, found bytes that are not",
    ],
    ["half of JSON", safetensors('{"a":'), "header, character 5: expected a value of JSON, found the end"],
    ["JSON twice", safetensors("{}{}"), 'header, character 2: expected the end, found "{}"'],
    ["a comma too many", safetensors('{"a":1,}'), 'header, character 7: expected a name in quotes, found "}"'],
    ["a bad escape", safetensors('{"\\x":1}'), 'header, character 1: expected a string of JSON, found "\\"\\\\x\\""'],
    [
      "a string without end",
      safetensors('{"a\\"'),
      'header, character 1: expected a string of JSON, found "\\"a\\\\\\""',
    ],
    [
      "half a surrogate pair",
      safetensors('{"\\ud800":1}'),
      'header, character 1: expected a string of JSON, found "\\"\\\\ud800\\""',
    ],
    [
      "a name twice",
      safetensors('{"a":1,"\\u0061":1}'),
      'header, character 7: expected each name once, found "a" again',
    ],
    [
      "deep nesting",
      safetensors('{"a":[[[[[1]]]]]}'),
      'header, character 8: expected at most 4 levels, found "[[1]]]]]}"',
    ],
    [
      "metadata that is a list",
      safetensors('{"__metadata__":[]}'),
      "__metadata__: expected an object of strings, found a list",
    ],
    [
      "metadata that is no text",
      safetensors({ __metadata__: { b: 1 } }),
      '__metadata__: "b": expected a string, found 1',
    ],
    ["a tensor that is no object", safetensors({ a: "F32" }), 'tensor "a": expected an object, found "F32"'],
    [
      "a type that is unknown",
      safetensors(info({ dtype: "F31" }), four),
      'tensor "a": dtype: expected one of BOOL, U8, I8, U16, I16, U32, I32, U64, I64, F16, BF16, F32, F64, found "F31"',
    ],
    [
      "no type",
      safetensors({ a: { shape: [], data_offsets: [0, 0] } }),
      'tensor "a": dtype: expected one of BOOL, U8, I8, U16, I16, U32, I32, U64, I64, F16, BF16, F32, F64, found nothing',
    ],
    [
      "a negative size",
      safetensors(info({ shape: [-1] }), four),
      'tensor "a": shape: expected whole numbers from 0 to 2⁵³ − 1, found -1',
    ],
    ["a size with a point", safetensors('{"a":1.0}'), 'tensor "a": expected an object, found 1.0'],
    ["a leading zero", safetensors('{"a":01}'), 'header, character 5: expected a value of JSON, found "01}"'],
    [
      "a size of 2⁵³",
      safetensors('{"a":{"dtype":"F32","shape":[9007199254740992],"data_offsets":[0,4]}}', four),
      'tensor "a": shape: expected whole numbers from 0 to 2⁵³ − 1, found 9007199254740992',
    ],
    [
      "sizes whose product overflows",
      safetensors(info({ shape: [2 ** 52, 2 ** 52, 0] }), four),
      'tensor "a": shape: expected a size below 2⁵³ bytes, found [4503599627370496,4503599627370496,0]',
    ],
    [
      "a size that is text",
      safetensors(info({ shape: ["1"] }), four),
      'tensor "a": shape: expected whole numbers from 0 to 2⁵³ − 1, found "1"',
    ],
    [
      "no shape",
      safetensors(info({ shape: {} }), four),
      'tensor "a": shape: expected a list of whole numbers, found an object',
    ],
    [
      "one offset",
      safetensors(info({ data_offsets: [0] }), four),
      'tensor "a": data_offsets: expected a beginning and an end not before it, found [0]',
    ],
    [
      "offsets the wrong way",
      safetensors(info({ data_offsets: [4, 0] }), four),
      'tensor "a": data_offsets: expected a beginning and an end not before it, found [4,0]',
    ],
    [
      "too few bytes for its shape",
      safetensors(info({ shape: [2] }), four),
      'tensor "a": data_offsets: expected 8 bytes for F32 [2], found 4',
    ],
    [
      "a hole at the beginning",
      safetensors({ a: u8(1, 2) }, [0, 0]),
      'tensor "a": data_offsets: expected to begin at 0, found 1: a hole before it',
    ],
    [
      "a hole",
      safetensors({ a: u8(0, 1), b: u8(2, 3) }, [0, 0, 0]),
      'tensor "b": data_offsets: expected to begin at 1, found 2: a hole before it',
    ],
    [
      "an overlap",
      safetensors({ a: u8(0, 2), b: u8(1, 3) }, [0, 0, 0]),
      'tensor "b": data_offsets: expected to begin at 2, found 1: an overlap with the one before it',
    ],
    ["data beyond the file", safetensors({ a: u8(0, 3) }, [0, 0]), "size: expected 64 bytes by its header, found 63"],
    ["bytes behind the data", safetensors({ a: u8(0, 3) }, four), "size: expected 64 bytes by its header, found 65"],
    ["a truth value that is none", single("BOOL", [2], [1, 2]), 'tensor "a": value 1: expected 0 or 1, found 2'],
  ])("%s", async (_, bytes, problem) => {
    const source = new NotedSource(bytes);
    const reading = async () => (await openSafetensors(source)).read("a");
    expect(await refusal(reading)).toBe(`openSafetensors: safetensors file: ${problem}`);
    const named = await openSafetensors(bytes, { file: "x" })
      .then((file) => file.read("a"))
      .catch((error) => error);
    expect(named).toBeInstanceOf(FileFormatError);
    expect(named).toBeInstanceOf(DataError);
    expect(named.message).toBe(`openSafetensors: x: ${problem}`);
    expect(`${named.file}: ${named.field}: expected ${named.expected}, found ${named.found}`).toBe(`x: ${problem}`);
    if (!problem.includes("value")) expect(source.closed).toBe(true);
  });

  it("tensors out of line, which it reads where that is allowed", async () => {
    const b = { dtype: "F32", shape: [1], data_offsets: [1, 5] };
    const bytes = safetensors({ a: u8(0, 1), b }, [7, 0, 0, 0x80, 0x3f]);
    expect(await refusal(() => openSafetensors(bytes))).toBe(
      'openSafetensors: safetensors file: tensor "b": data_offsets: expected a beginning that 4 divides, found 1',
    );
    const file = await openSafetensors(bytes, { allowUnaligned: true });
    expect([...(await file.read("b")).data]).toEqual([1]);
  });

  it("more values than its memory could be justified by", async () => {
    const zeros = (count: number) => safetensors(`{"a":[${"0,".repeat(count - 1)}0]}`);
    expect(await refusal(() => openSafetensors(zeros(2 ** 22 - 1)))).toMatch(
      /expected at most 4194304 values, found "0\]\}"$/,
    );
    expect(await refusal(() => openSafetensors(zeros(2 ** 22 - 2)))).toMatch(
      /tensor "a": expected an object, found a list$/,
    );
  });

  it("a long text, of which it repeats the beginning only", async () => {
    const long = "x".repeat(100_000);
    for (const header of [{ [long]: 1 }, { a: { dtype: long } }, `{"${long}\n":1}`]) {
      expect((await refusal(() => openSafetensors(safetensors(header)))).length).toBeLessThan(400);
    }
  });
});
