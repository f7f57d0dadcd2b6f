// SHA-256 sums of values, the same in Node and in browsers, with which their bits are compared.

/** The SHA-256 sum of the bits of values, in hexadecimal. In browsers, pages from localhost may compute it. */
export async function sha256(values: Float32Array): Promise<string> {
  const bytes = new Uint8Array(values.length * 4);
  bytes.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  const sum = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(sum, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** The sums of named values. */
export async function sha256OfAll(named: ReadonlyMap<string, Float32Array>): Promise<Record<string, string>> {
  const sums: Record<string, string> = {};
  for (const [name, values] of named) sums[name] = await sha256(values);
  return sums;
}
