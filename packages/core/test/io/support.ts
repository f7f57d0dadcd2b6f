// What the tests of files share: files by hand, the error of a refusal, sources that note what is asked of them.

import { FileFormatError, type RandomAccessSource } from "@adjoint/core/io";

/** Bytes from hexadecimal digits; what is no such digit is left out. */
export function hex(text: string): Uint8Array {
  return Uint8Array.from(text.replaceAll(/[^0-9a-f]/g, "").match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

/** A text as UTF-8. */
export function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** Pieces, one after the other. */
export function join(...pieces: (Uint8Array | readonly number[])[]): Uint8Array {
  return new Uint8Array(Buffer.concat(pieces.map((piece) => Uint8Array.from(piece))));
}

/** The bytes of a typed array. */
export function bytesOf(array: ArrayBufferView): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength).slice();
}

/** A safetensors file of any header, right or wrong. */
export function safetensors(
  header: string | Uint8Array | object,
  data: Uint8Array | readonly number[] = [],
): Uint8Array {
  const text = typeof header === "string" ? header : JSON.stringify(header);
  const bytes = header instanceof Uint8Array ? header : utf8(text);
  const length = new Uint8Array(8);
  new DataView(length.buffer).setBigUint64(0, BigInt(bytes.length), true);
  return join(length, bytes, data);
}

/** What was refused, in words. Throws where nothing was, or by another error than a FileFormatError. */
export async function refusal(reading: () => unknown): Promise<string> {
  try {
    await reading();
  } catch (error) {
    if (error instanceof FileFormatError) return error.message;
    throw error;
  }
  throw new Error("nothing was refused");
}

/** A source that notes each range that is asked of it, as [first, length], and whether it was closed. */
export class NotedSource implements RandomAccessSource {
  readonly ranges: [number, number][] = [];
  closed = false;

  constructor(
    readonly bytes: Uint8Array,
    readonly size = bytes.length,
  ) {}

  read(offset: number, length: number): Uint8Array {
    this.ranges.push([offset, length]);
    return this.bytes.subarray(offset, offset + length);
  }

  close(): void {
    this.closed = true;
  }
}

/** A response whose body comes in pieces of `piece` bytes, and how many bytes were taken from it. */
export function pieceByPiece(bytes: Uint8Array, piece: number, init: ResponseInit = {}) {
  const state = { taken: 0, cancelled: false };
  const body = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        if (state.taken >= bytes.length) return controller.close();
        controller.enqueue(bytes.slice(state.taken, state.taken + piece));
        state.taken += piece;
      },
      cancel() {
        state.cancelled = true;
      },
    },
    { highWaterMark: 0 },
  );
  return { response: new Response(body, init), state };
}

/** An .npy file with any header, right or wrong. */
export function npy(
  text: string,
  data: Uint8Array = new Uint8Array(0),
  version = 1,
  end = "\n",
  encoding: "utf8" | "latin1" = "utf8",
): Uint8Array {
  const header = Buffer.from(end ? text + end : `${text} `, encoding);
  const length = new DataView(new ArrayBuffer(version === 1 ? 2 : 4));
  if (version === 1) length.setUint16(0, header.length, true);
  else length.setUint32(0, header.length, true);
  return join(hex("93 4e554d5059"), [version, 0], bytesOf(length), header, data);
}
