// A `fetch` response as a source: its body is received as far as it is asked for, and kept as far as it was received.

import { ArgumentError } from "../errors.js";
import type { ByteSource } from "./byte-source.js";
import type { FormatCheck } from "./format-check.js";

/** The body of a response. */
export class ResponseSource implements ByteSource {
  /** From Content-Length, where that counts the bytes that arrive: it does not where they were compressed on the way. */
  readonly size: number | undefined;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
  readonly #chunks: { readonly start: number; readonly bytes: Uint8Array }[] = [];
  #received = 0;
  #ended = false;

  constructor(check: FormatCheck, response: Response) {
    if (!response.ok || response.status === 206) {
      throw check.error("status", "200", `${response.status} ${response.statusText}`.trim());
    }
    if (response.bodyUsed || response.body?.locked) {
      throw new ArgumentError(check.where, `${check.file}: the response's body has been read already`);
    }
    const length = response.headers.get("content-length");
    const counted = length !== null && /^\d{1,15}$/.test(length) && !response.headers.get("content-encoding");
    this.size = counted ? Number(length) : undefined;
    this.#reader = response.body?.getReader();
    this.#ended = this.#reader === undefined;
  }

  async read(offset: number, length: number): Promise<Uint8Array> {
    const end = await this.#receive(offset + length);
    const bytes = new Uint8Array(Math.max(0, Math.min(offset + length, end) - offset));
    for (const { start, bytes: chunk } of this.#chunks) {
      const from = Math.max(0, offset - start);
      const to = Math.min(chunk.length, offset + bytes.length - start);
      if (from < to) bytes.set(chunk.subarray(from, to), start + from - offset);
    }
    return bytes;
  }

  async endsAt(size: number): Promise<boolean> {
    return (await this.#receive(size + 1)) === size;
  }

  /** Stops receiving. What fails now matters to nobody. */
  async close(): Promise<void> {
    this.#ended = true;
    await this.#reader?.cancel().catch(() => undefined);
  }

  /** Receives until there are `wanted` bytes, or all. Returns how many there are. */
  async #receive(wanted: number): Promise<number> {
    while (this.#received < wanted && !this.#ended && this.#reader) {
      const { done, value } = await this.#reader.read();
      if (done) this.#ended = true;
      else {
        this.#chunks.push({ start: this.#received, bytes: value });
        this.#received += value.length;
      }
    }
    return this.#received;
  }
}
