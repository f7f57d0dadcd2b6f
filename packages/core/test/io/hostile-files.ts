// Files for the readers to be tried with: right ones of every format, and wrong ones that look much like them.

import { deflateRawSync, gzipSync } from "node:zlib";
import fc from "fast-check";
import { npy, safetensors } from "./support.js";
import { COMPRESSED, SAVED, type ZipPart, zip } from "./zip-support.js";

const byte = fc.integer({ min: 0, max: 255 });
const content = fc.uint8Array({ maxLength: 40 });
const oddNumber = fc.oneof(
  { weight: 8, arbitrary: fc.nat(9) },
  fc.constantFrom(-1, 1.5, 1e300, 2 ** 31, 2 ** 32, 2 ** 53 - 1, 2 ** 53, 2 ** 64),
);

// safetensors

const TYPES = {
  BOOL: 1,
  U8: 1,
  I8: 1,
  U16: 2,
  I16: 2,
  F16: 2,
  BF16: 2,
  U32: 4,
  I32: 4,
  F32: 4,
  U64: 8,
  I64: 8,
  F64: 8,
};

interface Entry {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data_offsets: readonly [number, number];
}

const someTensors = fc.array(
  fc.tuple(fc.constantFrom(...Object.entries(TYPES)), fc.array(fc.nat(3), { maxLength: 3 })),
  { maxLength: 4 },
);

/** What right headers say, the larger types first, so that all lie in line; and how many bytes there are. */
function entriesOf(tensors: readonly (readonly [readonly [string, number], readonly number[]])[]) {
  let bytes = 0;
  const sorted = tensors.toSorted(([[, a]], [[, b]]) => b - a);
  const entries = sorted.map(([[dtype, size], shape]): Entry => {
    const begin = bytes;
    bytes += shape.reduce((product, extent) => product * extent, size);
    return { dtype, shape, data_offsets: [begin, bytes] };
  });
  return { entries, bytes };
}

function safetensorsOf(entries: readonly Entry[], bytes: number): Uint8Array {
  const header = { __metadata__: { a: "b" }, ...Object.fromEntries(entries.map((entry, i) => [`t${i}`, entry])) };
  return safetensors(
    header,
    Uint8Array.from({ length: Math.max(0, bytes) }, (_, i) => i % 2),
  );
}

/** Right files of all types. */
export const goodSafetensors = someTensors.map((tensors) => {
  const { entries, bytes } = entriesOf(tensors);
  return safetensorsOf(entries, bytes);
});

/** Right files but for one tensor, which begins, ends or lies elsewhere, or has another type or size; or for the end. */
export const nudgedSafetensors = fc
  .tuple(
    someTensors,
    fc.nat(3),
    fc.constantFrom("begin", "end", "place", "type", "size", "nothing"),
    fc.oneof(fc.integer({ min: -4, max: 4 }), oddNumber),
    fc.constantFrom(0, 0, -1, 1),
  )
  .map(([tensors, which, what, by, rest]) => {
    const { entries, bytes } = entriesOf(tensors);
    const nudged = entries.map((entry, i) => (i === which % entries.length ? nudge(entry, what, by) : entry));
    const end = Math.max(bytes, ...nudged.map(({ data_offsets }) => data_offsets[1]));
    const follows = Math.max(0, ...nudged.map(({ data_offsets }) => data_offsets[1]));
    // the file's end follows the tensors, as far as that is a file to make
    return safetensorsOf(nudged, (end < 10_000 ? follows : bytes) + rest);
  });

function nudge({ dtype, shape, data_offsets: [begin, end] }: Entry, what: string, by: number): Entry {
  const moved = what === "begin" || what === "place" ? begin + by : begin;
  const ended = what === "end" || what === "place" ? end + by : end;
  const [first = 1, ...others] = shape;
  return {
    dtype: what === "type" ? (Object.keys(TYPES)[Math.abs(by) % 13] ?? "F32") : dtype,
    shape: what === "size" ? [first + by, ...others] : shape,
    data_offsets: [moved, ended],
  };
}

/** Headers that are JSON, and nearly right. */
const oddEntry = fc.record(
  {
    dtype: fc.oneof(fc.constantFrom(...Object.keys(TYPES)), fc.constantFrom<unknown>("F8_E4M3", "f32", "", 3, null)),
    shape: fc.oneof({ weight: 9, arbitrary: fc.array(oddNumber, { maxLength: 4 }) }, fc.jsonValue({ maxDepth: 1 })),
    data_offsets: fc.oneof({ weight: 9, arbitrary: fc.tuple(oddNumber, oddNumber) }, fc.jsonValue({ maxDepth: 1 })),
  },
  { requiredKeys: ["dtype", "shape"] },
);
export const oddSafetensors = fc.oneof(
  fc
    .tuple(fc.dictionary(fc.constantFrom("a", "b", "__metadata__", "__proto__", ""), oddEntry, { maxKeys: 3 }), content)
    .map(([header, data]) => safetensors(header, data)),
  fc.tuple(fc.json({ maxDepth: 5 }), content).map(([header, data]) => safetensors(header, data)),
  fc
    .tuple(fc.string({ unit: fc.constantFrom(...'{}[]"\\:,0129-.eEu \n', "a", "é") }), content)
    .map(([text, data]) => safetensors(`{${text}`, data)),
);

// npy

const DESCRS = ["|b1", "|u1", "|i1", "<i2", ">u2", "<f2", "<i4", ">f4", "<f8", ">i8"];
export const goodNpy = fc
  .tuple(fc.constantFrom(...DESCRS), fc.boolean(), fc.array(fc.nat(4), { maxLength: 3 }), fc.constantFrom(1, 2, 3))
  .map(([descr, fortran, shape, version]) => {
    const size = shape.reduce((product, extent) => product * extent, Number(descr[2]));
    const tuple = shape.map((extent) => `${extent},`).join(" ");
    const text = `{'descr': '${descr}', 'fortran_order': ${fortran ? "True" : "False"}, 'shape': (${tuple}), }`;
    return npy(
      text,
      Uint8Array.from({ length: size }, (_, i) => i % 2),
      version,
    );
  });
/** Right but for a size. */
export const nudgedNpy = fc
  .tuple(fc.constantFrom(...DESCRS), fc.array(oddNumber, { minLength: 1, maxLength: 3 }), content)
  .map(([descr, shape, data]) => {
    const tuple = shape.map((extent) => `${BigInt(Math.trunc(extent))},`).join(" ");
    return npy(`{'descr': '${descr}', 'fortran_order': False, 'shape': (${tuple}), }`, data);
  });
export const oddNpy = fc
  .tuple(
    fc.array(
      fc.constantFrom(
        "{",
        "}",
        "'descr': ",
        "'<f4'",
        "'|u1'",
        ",",
        "'shape': ",
        "(",
        ")",
        "1",
        "0",
        "99999999",
        "'fortran_order': ",
        "True",
        " ",
        "'",
        "\\",
      ),
      { maxLength: 20 },
    ),
    content,
  )
  .map(([pieces, data]) => npy(pieces.join(""), data));

// npz

export const goodNpz = fc.oneof(
  fc.constantFrom(SAVED, COMPRESSED),
  fc.array(fc.tuple(goodNpy, fc.boolean()), { maxLength: 3 }).map((parts) =>
    zip(
      parts.map(([data, deflated], i) => ({
        name: `${i}.npy`,
        data,
        ...(deflated ? { method: 8, stored: deflateRawSync(data) } : {}),
      })),
    ),
  ),
);
const anyNumber = fc.oneof(fc.nat(300), fc.constantFrom(0xffff, 0xfffffffe, 0xffffffff));
const oddFields = fc.record(
  {
    size: anyNumber,
    storedSize: anyNumber,
    crc: anyNumber,
    offset: anyNumber,
    flags: anyNumber,
    method: fc.constantFrom(0, 8, 9),
    part: anyNumber,
    nameLength: anyNumber,
    gap: fc.nat(30),
  },
  { requiredKeys: [] },
);
export const oddNpz = fc
  .array(
    fc.tuple(
      goodNpy,
      fc.boolean(),
      oddFields,
      fc.record({ size: anyNumber, stored: anyNumber, crc: anyNumber, flags: anyNumber }, { requiredKeys: [] }),
    ),
    { minLength: 1, maxLength: 3 },
  )
  .map((parts) =>
    zip(
      parts.map(
        ([data, deflated, fields, local], i): ZipPart => ({
          name: `${i}.npy`,
          data,
          ...(deflated ? { method: 8, stored: deflateRawSync(data) } : {}),
          ...fields,
          local,
        }),
      ),
    ),
  );

// IDX

const CODES = { 8: 1, 9: 1, 11: 2, 12: 4, 13: 4, 14: 8 };
export const goodIdx = fc
  .tuple(fc.constantFrom(...Object.entries(CODES)), fc.array(fc.nat(5), { maxLength: 4 }))
  .map(([[code, size], shape]) => {
    const sizes = shape.flatMap((extent) => [0, 0, 0, extent]);
    const bytes = shape.reduce((product, extent) => product * extent, size);
    return Uint8Array.from([
      0,
      0,
      Number(code),
      shape.length,
      ...sizes,
      ...Array.from({ length: bytes }, (_, i) => i % 256),
    ]);
  });
export const gzipped = (files: fc.Arbitrary<Uint8Array>) => files.map((bytes) => new Uint8Array(gzipSync(bytes)));
export const bombs = fc
  .tuple(byte, fc.nat(4_000_000))
  .map(
    ([sizes, zeros]) =>
      new Uint8Array(gzipSync(Buffer.concat([Buffer.of(0, 0, 8, 1, 0, 0, sizes, 0), Buffer.alloc(zeros)]))),
  );
