// MNIST: the packaged files are the published ones, and others are taken in every usual form or refused with a reason.

import { execFileSync } from "node:child_process";
import { mkdirSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { DataError, Random } from "@adjoint/core";
import { describe, expect, it } from "vitest";
import { checkPublished, loadMnist } from "../src/index.js";
import { idx, temporaryFolder } from "./support.js";

const IMAGES = "train-images-idx3-ubyte";
const LABELS = "train-labels-idx1-ubyte";

function folderWith(files: Record<string, Uint8Array>): string {
  const directory = temporaryFolder();
  for (const [name, bytes] of Object.entries(files)) writeFileSync(join(directory, name), bytes);
  return directory;
}

function refusal(files: Record<string, Uint8Array>): string {
  const directory = folderWith(files);
  try {
    loadMnist("train", { directory });
  } catch (error) {
    if (error instanceof DataError) return error.message.replaceAll(`${directory}/`, "");
    throw error;
  }
  return "nothing";
}

describe("the packaged MNIST", () => {
  it.each([
    ["train", 60_000, [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]],
    ["test", 10_000, [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]],
  ] as const)("has the %s set's %d images, of each digit as many as there are", (split, count, digits) => {
    const { images, labels } = loadMnist(split);
    expect(images.count).toBe(count);
    expect(images.sampleShape).toEqual([28, 28, 1]);
    const found = new Array<number>(10).fill(0);
    for (const label of labels ?? []) found[label] = (found[label] ?? 0) + 1;
    expect(found).toEqual(digits);
  });
});

describe("checkPublished", () => {
  const published = { bytes: 3, sha256: "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" };

  it("takes the bytes whose size and SHA-256 are as published", () => {
    expect(() => checkPublished("abc.idx", Buffer.from("abc"), published)).not.toThrow();
  });

  it("refuses another size", () => {
    expect(() => checkPublished("abc.idx", Buffer.from("abcd"), published)).toThrow(
      new DataError("loadMnist", "abc.idx: size: expected 3 bytes, found 4"),
    );
  });

  it("refuses other bytes", () => {
    expect(() => checkPublished("abc.idx", Buffer.from("abd"), published)).toThrow(
      /^loadMnist: abc\.idx: SHA-256: expected ba7816.*, found a52d15/,
    );
  });
});

describe("a folder of IDX files", () => {
  const images = idx([3, 28, 28]);
  const labels = idx([3]);
  /** The three images under a header that says there are `count`. */
  const claiming = (count: number) => {
    const bytes = Buffer.from(images);
    bytes.writeUInt32BE(count, 4);
    return bytes;
  };

  it.each([
    ["plain", IMAGES, LABELS, (bytes: Buffer) => bytes],
    ["with dots", "train-images.idx3-ubyte", "train-labels.idx1-ubyte", (bytes: Buffer) => bytes],
    ["gzipped", `${IMAGES}.gz`, `${LABELS}.gz`, gzipSync],
    ["gzipped, with dots", "train-images.idx3-ubyte.gz", "train-labels.idx1-ubyte.gz", gzipSync],
    ["gzipped without saying so", IMAGES, LABELS, gzipSync],
  ])("is read: %s", async (_, imagesName, labelsName, pack) => {
    const directory = folderWith({ [imagesName]: pack(images), [labelsName]: pack(labels) });
    const mnist = loadMnist("train", { directory });
    expect(mnist.images.count).toBe(3);
    expect([...(mnist.labels ?? [])]).toEqual([0, 1, 2]);
    expect(mnist.source).toBe(join(directory, imagesName));
    const second = await mnist.images.batch([1]).data();
    expect([...second]).toEqual([...images.subarray(16 + 784, 16 + 2 * 784)]);
  });

  it("needs no labels", () => {
    const mnist = loadMnist("train", { directory: folderWith({ [IMAGES]: images }) });
    expect(mnist.labels).toBeUndefined();
    expect(mnist.images.sampleIndices(new Random(1), 5)).toHaveLength(5);
  });

  it("says which names it looked for", () => {
    expect(refusal({ "t10k-images-idx3-ubyte": images })).toMatch(
      /^loadMnist: found none of train-images-idx3-ubyte, train-images\.idx3-ubyte, train-images-idx3-ubyte\.gz, train-images\.idx3-ubyte\.gz in /,
    );
  });

  it("says that there is no such folder", () => {
    expect(() => loadMnist("train", { directory: "no/such/folder" })).toThrow("there is no folder no/such/folder");
  });

  it.each([
    [
      "a wrong magic number",
      { [IMAGES]: Buffer.concat([Buffer.from([1]), images.subarray(1)]) },
      /magic: expected two zero bytes, found 1 and 0/,
    ],
    ["another element type", { [IMAGES]: idx([3, 28, 28], { type: 13 }) }, /type: expected 8 .*, found 13/],
    [
      "missing pixels",
      { [IMAGES]: idx([3, 28, 28], { missing: 5 }) },
      /expected 2352 values for \[3,28,28\], found 2347/,
    ],
    ["an empty file", { [IMAGES]: Buffer.alloc(0) }, /expected a header of at least 4 bytes, found 0/],
    ["images of another size", { [IMAGES]: idx([3, 28, 27]) }, /shape: expected \[count,28,28\], found \[3,28,27\]/],
    ["labels in the place of images", { [IMAGES]: labels }, /shape: expected \[count,28,28\], found \[3\]/],
    ["no image", { [IMAGES]: idx([0, 28, 28]) }, /count: expected at least 1 image, found 0/],
    [
      "a gzip file that is cut off",
      { [`${IMAGES}.gz`]: gzipSync(images).subarray(0, 50) },
      /gz: gzip: expected a whole compressed file, found: unexpected end of file/,
    ],
    [
      "labels for other images",
      { [IMAGES]: images, [LABELS]: idx([4]) },
      /count: expected as many images as labels, found 3 and 4/,
    ],
    [
      "a label above 9",
      { [IMAGES]: images, [LABELS]: idx([3], { value: (i) => i + 8 }) },
      /label 2: expected 0 to 9, found 10/,
    ],
    [
      "a header that says more than there is",
      { [IMAGES]: claiming(2 ** 32 - 1) },
      /expected \d+ values for \[4294967295,28,28\], found 2352/,
    ],
    [
      "a gzipped header that says more than a machine holds",
      { [`${IMAGES}.gz`]: gzipSync(claiming(2 ** 32 - 1)) },
      /size: expected at most 1 GiB, found a header that says 3367254359296 bytes/,
    ],
    [
      "a gzip file that becomes much larger than it says",
      { [`${IMAGES}.gz`]: gzipSync(Buffer.concat([images, Buffer.alloc(200_000_000)])) },
      /gzip: expected 2368 bytes by its header, found more/,
    ],
    [
      "a gzip file of something else",
      { [`${IMAGES}.gz`]: gzipSync(Buffer.from("text")) },
      /magic: expected two zero bytes|size/,
    ],
    [
      "images and labels that changed places",
      { [IMAGES]: labels, [LABELS]: images },
      /shape: expected \[count,28,28\], found \[3\]/,
    ],
    ["labels with two axes", { [IMAGES]: images, [LABELS]: idx([3, 1]) }, /shape: expected \[count\], found \[3,1\]/],
  ])("is refused for %s, naming the file", (_, files, message) => {
    const refused = refusal(files);
    expect(refused).toMatch(message);
    expect(refused).toMatch(/: train-(images|labels)-idx/);
  });

  it("is refused, and not read, where a file is larger than memory should hold", () => {
    const directory = folderWith({ [IMAGES]: images });
    // a hole, which takes no room on the disk
    truncateSync(join(directory, IMAGES), 2 ** 40);
    const before = process.memoryUsage().arrayBuffers;
    expect(() => loadMnist("train", { directory })).toThrow(/size: expected at most 1 GiB, found 1099511627776 bytes/);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1e6);
  });

  it("is refused where there is a folder or a pipe in the file's place", () => {
    const directory = folderWith({});
    mkdirSync(join(directory, IMAGES));
    expect(() => loadMnist("train", { directory })).toThrow(
      `${join(directory, IMAGES)}: expected a file, found a folder`,
    );
    const other = folderWith({});
    execFileSync("mkfifo", [join(other, IMAGES)]);
    expect(() => loadMnist("train", { directory: other })).toThrow(
      `${join(other, IMAGES)}: expected a file, found a device`,
    );
  });

  it("is known by its images, compressed or not", () => {
    const plain = loadMnist("train", { directory: folderWith({ [IMAGES]: images }) });
    const packed = loadMnist("train", { directory: folderWith({ [`${IMAGES}.gz`]: gzipSync(images) }) });
    const other = loadMnist("train", { directory: folderWith({ [IMAGES]: idx([4, 28, 28]) }) });
    expect(packed.sha256).toBe(plain.sha256);
    expect(other.sha256).not.toBe(plain.sha256);
  });
});
