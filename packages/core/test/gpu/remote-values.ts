// What goes between the tests, in Node, and a backend in a page: calls and their arguments as plain text, every float32
// by its bits.

/** What stands for a buffer of the page. */
export interface RemoteBuffer {
  readonly dtype: "float32";
  readonly size: number;
  readonly id: number;
}

/** A call of a method of the backend, whose result, if it has one, is kept under an id. */
export interface RemoteCall {
  readonly method: string;
  readonly result?: number;
  readonly inputs: readonly unknown[];
}

const ARRAYS = { Float32Array, Int32Array, Uint8Array } as const;

/** A value as text may carry it. */
export function encode(value: unknown): unknown {
  if (typeof value === "number")
    return Number.isFinite(value) && !Object.is(value, -0) ? value : { number: text(value) };
  for (const [kind, type] of Object.entries(ARRAYS)) {
    if (value instanceof type)
      return { kind, bytes: toBase64(new Uint8Array(value.buffer, value.byteOffset, value.byteLength)) };
  }
  if (Array.isArray(value)) return value.map(encode);
  if (typeof value !== "object" || value === null) return value;
  if ("id" in value) return { buffer: value.id };
  return { fields: Object.fromEntries(Object.entries(value).map(([name, field]) => [name, encode(field)])) };
}

/** The value again. `bufferOf` finds what an id stands for. */
export function decode(encoded: unknown, bufferOf: (id: number) => unknown): unknown {
  if (Array.isArray(encoded)) return encoded.map((item) => decode(item, bufferOf));
  if (typeof encoded !== "object" || encoded === null) return encoded;
  if ("number" in encoded) return Number(encoded.number);
  if ("buffer" in encoded) return bufferOf(Number(encoded.buffer));
  if ("kind" in encoded && "bytes" in encoded) {
    const { buffer } = fromBase64(String(encoded.bytes));
    return new ARRAYS[encoded.kind as keyof typeof ARRAYS](buffer);
  }
  const { fields } = encoded as { readonly fields: Readonly<Record<string, unknown>> };
  return Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, decode(field, bufferOf)]));
}

function text(value: number): string {
  return Object.is(value, -0) ? "-0" : String(value);
}

function toBase64(bytes: Uint8Array): string {
  let binary = "";
  for (let start = 0; start < bytes.length; start += 8192) {
    binary += String.fromCharCode(...bytes.subarray(start, start + 8192));
  }
  return btoa(binary);
}

function fromBase64(base64: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}
