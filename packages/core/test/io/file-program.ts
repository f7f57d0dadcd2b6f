// What a page does with files, and Node does likewise: written, packed, fetched, read and refused.

import { openNpz, openSafetensors, readIdxExact, writeIdx, writeNpz, writeSafetensors } from "@adjoint/core/io";

/** What came of it, as JSON can say it. */
export interface FileReport {
  readonly written: readonly number[];
  readonly unpacked: readonly (readonly [string, readonly number[]])[];
  readonly pixels: readonly number[];
  readonly fetched: readonly number[];
  /** The same pixels, gzipped in several members with zeros behind. */
  readonly inMembers: readonly number[];
  /** The fields of the errors for wrong files; "read" where a file was not refused. */
  readonly refused: readonly string[];
}

/** @param url where a safetensors file can be fetched that has a tensor called text */
export async function useFiles(url: string): Promise<FileReport> {
  const tensors = [["w", { shape: [2], data: Float32Array.of(1, -0.5) }]] as const;
  const packed = await writeNpz([...tensors, ["z", { shape: [500], data: new Float32Array(500) }]], { compress: true });
  const unpacked = await (await openNpz(new Blob([packed as Uint8Array<ArrayBuffer>]))).readAll();
  const images = await gzip(writeIdx({ shape: [50, 50], data: Uint8Array.from({ length: 2500 }, (_, i) => i) }));
  const plain = writeIdx({ shape: [50, 50], data: Uint8Array.from({ length: 2500 }, (_, i) => i) });
  const members = await Promise.all([plain.slice(0, 7), plain.slice(7, 7), plain.slice(7)].map(gzip));
  const inMembers = Uint8Array.of(...members.flatMap((member) => [...member]), 0, 0, 0, 0, 0);
  const file = await openSafetensors(await fetch(url));
  return {
    written: [...writeSafetensors(tensors, { metadata: [["a", "é"]] })],
    unpacked: [...unpacked].map(([name, { data }]) => [name, [...data]]),
    pixels: [...(await readIdxExact(images)).data].map(Number),
    inMembers: [...(await readIdxExact(inMembers)).data].map(Number),
    fetched: [...(await file.read("text")).data],
    refused: await Promise.all([
      field(readIdxExact(images.slice(0, -1))),
      field(readIdxExact(Uint8Array.of(...images, 0, 0, 1, 0))),
      field(readIdxExact(Uint8Array.of(...images, 1))),
      field(readIdxExact(images.map((byte, i) => (i === 40 ? byte ^ 255 : byte)))),
      field(openNpz(packed.slice(0, -1))),
      field(openSafetensors(await fetch(`${url}.none`))),
    ]),
  };
}

async function gzip(bytes: Uint8Array): Promise<Uint8Array> {
  const stream = new Blob([bytes as Uint8Array<ArrayBuffer>]).stream().pipeThrough(new CompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

async function field(reading: Promise<unknown>): Promise<string> {
  try {
    await reading;
    return "read";
  } catch (error) {
    const { name, field: place } = error as { readonly name: string; readonly field?: string };
    return `${name}: ${place ?? "?"}`;
  }
}

Object.assign(globalThis, { useFiles });
