// Hostile files: for whatever bytes, a reader gives arrays that are what the file says, or throws a FileFormatError; and
// it takes no more memory than a small multiple of the file. ADJOINT_FUZZ_CASES is how many files in all; `npm run fuzz`.

import {
  type ExactFileArray,
  FileFormatError,
  openNpz,
  openSafetensors,
  readIdxExact,
  readNpyExact,
} from "@adjoint/core/io";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { damaged } from "./damage.js";
import {
  bombs,
  goodIdx,
  goodNpy,
  goodNpz,
  goodSafetensors,
  gzipped,
  nudgedNpy,
  nudgedSafetensors,
  oddNpy,
  oddNpz,
  oddSafetensors,
} from "./hostile-files.js";
import { bytesOf, utf8 } from "./support.js";

const FEW = 1600;
const cases = Number(process.env.ADJOINT_FUZZ_CASES || FEW);
const outcomes: string[] = [];

/** What a read may take: a few copies, the widest of types for the narrowest, and what a stream works with. */
const mostMemory = (file: Uint8Array) => 64 * file.length + 3_000_000;

type Read = (bytes: Uint8Array) => Promise<readonly ExactFileArray[]>;

/** Reads one file after another. `fits`, where it is given, says whether what was read is what the file says. */
async function survives(
  name: string,
  share: number,
  files: fc.Arbitrary<Uint8Array>,
  read: Read,
  fits: Fits = () => true,
) {
  const counts = { read: 0, refused: 0 };
  const property = fc.asyncProperty(files, async (bytes) => {
    const before = process.memoryUsage().arrayBuffers;
    const outcome = await read(bytes.slice()).catch((error: unknown) => error);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(mostMemory(bytes));
    if (outcome instanceof FileFormatError) {
      counts.refused++;
      expect(outcome.message.length).toBeLessThan(1000);
      return;
    }
    if (!Array.isArray(outcome)) throw outcome;
    counts.read++;
    for (const { shape, data } of outcome as ExactFileArray[]) {
      expect(data.length).toBe(shape.reduce((product, extent) => product * extent, 1));
    }
    expect(fits(bytes, outcome)).toBe(true);
  });
  await fc.assert(property, { numRuns: Math.ceil(cases * share) });
  outcomes.push(`${name}: ${counts.read + counts.refused} files, ${counts.read} read, ${counts.refused} refused`);
  // both happen, or the files were no test
  expect(Math.min(counts.read, counts.refused)).toBeGreaterThan(0);
}

type Fits = (bytes: Uint8Array, arrays: readonly ExactFileArray[]) => boolean;

/** The arrays' bytes are all that follows the header, in order. */
const followHeader: Fits = (bytes, arrays) => {
  const data = Buffer.concat(arrays.map((array) => bytesOf(array.data)));
  return data.equals(bytes.subarray(8 + new DataView(bytes.buffer).getUint32(0, true)));
};

const timeout = 120_000 + 20 * cases;
async function readSafetensors(bytes: Uint8Array): Promise<readonly ExactFileArray[]> {
  const file = await openSafetensors(bytes);
  const arrays: ExactFileArray[] = [];
  for (const name of file.tensors.keys()) {
    arrays.push(await file.readExact(name));
    await file.read(name);
  }
  return arrays;
}

async function readNpz(bytes: Uint8Array): Promise<readonly ExactFileArray[]> {
  const file = await openNpz(bytes);
  const arrays: ExactFileArray[] = [];
  for (const name of file.names) {
    arrays.push(await file.readExact(name));
    await file.read(name);
  }
  return arrays;
}

afterAll(() => {
  // the long run's figures; setup.ts keeps the console of a library silent
  if (cases > FEW) process.stdout.write(`${outcomes.join("\n")}\n`);
});

describe("hostile files", () => {
  const anything = fc.uint8Array({ maxLength: 64 });

  it(
    "of safetensors are read or refused",
    async () => {
      const files = fc.oneof(
        { weight: 4, arbitrary: damaged(goodSafetensors) },
        { weight: 4, arbitrary: nudgedSafetensors },
        { weight: 2, arbitrary: oddSafetensors },
        goodSafetensors,
        anything,
      );
      await survives("safetensors", 0.4, files, readSafetensors, followHeader);
    },
    timeout,
  );

  it(
    "of npy are read or refused",
    async () => {
      const files = fc.oneof(
        { weight: 5, arbitrary: damaged(goodNpy) },
        { weight: 2, arbitrary: nudgedNpy },
        { weight: 2, arbitrary: oddNpy },
        goodNpy,
        anything,
      );
      await survives(
        "npy",
        0.2,
        files,
        async (bytes) => [await readNpyExact(bytes)],
        (bytes, [array]) => {
          // the order of bytes and of axes is what it was: their sum as well
          const sum = (of: Uint8Array) => of.reduce((total, value) => total + value, 0);
          const data = array ? bytesOf(array.data) : utf8("");
          return sum(data) === sum(bytes.subarray(bytes.length - data.length));
        },
      );
    },
    timeout,
  );

  it(
    "of npz are read or refused",
    async () => {
      const files = fc.oneof(
        { weight: 5, arbitrary: damaged(goodNpz) },
        { weight: 3, arbitrary: oddNpz },
        goodNpz,
        anything,
      );
      await survives("npz", 0.2, files, readNpz);
    },
    timeout,
  );

  it(
    "of IDX are read or refused",
    async () => {
      const files = fc.oneof({ weight: 5, arbitrary: damaged(goodIdx) }, goodIdx, anything);
      await survives(
        "IDX",
        0.1,
        files,
        async (bytes) => [await readIdxExact(bytes)],
        (bytes, [array]) => {
          return array !== undefined && bytes.length === 4 + 4 * array.shape.length + array.data.byteLength;
        },
      );
    },
    timeout,
  );

  it(
    "of IDX, gzipped, are read or refused",
    async () => {
      const files = fc.oneof(
        { weight: 4, arbitrary: damaged(gzipped(goodIdx)) },
        { weight: 3, arbitrary: gzipped(damaged(goodIdx)) },
        gzipped(goodIdx),
        { weight: 1, arbitrary: bombs },
      );
      await survives("IDX, gzipped", 0.1, files, async (bytes) => [await readIdxExact(bytes)]);
    },
    timeout,
  );
});
