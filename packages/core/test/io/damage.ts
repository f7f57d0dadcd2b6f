// Damage done to files: bytes changed, taken out, put in, moved and repeated.

import fc from "fast-check";

/** What is done at a place, which is a part of the file's length. */
interface Harm {
  readonly kind: "set" | "flip" | "cut" | "insert" | "remove" | "repeat" | "digit" | "word";
  readonly place: number;
  readonly length: number;
  readonly value: number;
}

const harm: fc.Arbitrary<Harm> = fc.record({
  kind: fc.constantFrom("set", "flip", "cut", "insert", "remove", "repeat", "digit", "word"),
  // the beginning and the end, where headers and directories are, as often as all the rest
  place: fc.oneof(fc.double({ min: 0, max: 1, noNaN: true }), fc.constantFrom(0, 0.05, 0.1, 0.95, 0.98)),
  length: fc.integer({ min: 1, max: 12 }),
  value: fc.oneof(fc.integer({ min: 0, max: 255 }), fc.constantFrom(0, 1, 0x7f, 0x80, 0xff)),
});

/** Files of `files` with one to four things done to them. */
export function damaged(files: fc.Arbitrary<Uint8Array>): fc.Arbitrary<Uint8Array> {
  return fc.tuple(files, fc.array(harm, { minLength: 1, maxLength: 4 })).map(([file, all]) => {
    let bytes = [...file];
    for (const one of all) bytes = applied(bytes, one);
    return Uint8Array.from(bytes);
  });
}

function applied(bytes: readonly number[], { kind, place, length, value }: Harm): number[] {
  const at = Math.min(Math.floor(place * bytes.length), Math.max(0, bytes.length - 1));
  const [before, here, after] = [bytes.slice(0, at), bytes.slice(at, at + length), bytes.slice(at + length)];
  switch (kind) {
    case "set":
      return [...before, ...here.map(() => value), ...after];
    case "flip":
      return bytes.map((byte, i) => (i === at ? byte ^ (1 << (value % 8)) : byte));
    case "cut":
      return before;
    case "insert":
      return [...before, ...new Array<number>(length).fill(value), ...here, ...after];
    case "remove":
      return [...before, ...after];
    case "repeat":
      return [...before, ...here, ...here, ...after];
    case "digit":
      return withDigit(bytes, at, 0x30 + (value % 10));
    case "word":
      // a 32-bit number in place of what was there
      return [...before, value, 0, 0, value >= 0x80 ? 0xff : 0, ...bytes.slice(at + 4)];
  }
}

/** The next digit of a text, changed: a file's header stays one, with another number. */
function withDigit(bytes: readonly number[], at: number, digit: number): number[] {
  const found = bytes.findIndex((byte, i) => i >= at && byte >= 0x30 && byte <= 0x39);
  return bytes.map((byte, i) => (i === found ? digit : byte));
}
