// Numbers that JavaScript has no array for, or that float32 cannot hold, as float32.

/**
 * Half precision (IEEE 754 binary16): 1 bit of sign, 5 of exponent (bias 15), 10 of fraction. Every value is a float32.
 */
export function decodeFloat16(bits: Uint16Array): Float32Array {
  const values = new Float32Array(bits.length);
  for (let i = 0; i < bits.length; i++) {
    const half = bits[i] as number;
    const exponent = (half >> 10) & 31;
    const fraction = half & 1023;
    const magnitude = exponent === 0 ? fraction * 2 ** -24 : (1024 + fraction) * 2 ** (exponent - 25);
    const special = fraction === 0 ? Number.POSITIVE_INFINITY : Number.NaN;
    const value = exponent === 31 ? special : magnitude;
    values[i] = half & 0x8000 ? -value : value;
  }
  return values;
}

/** bfloat16: the upper half of a float32's bits. */
export function decodeBfloat16(bits: Uint16Array): Float32Array {
  const words = new Uint32Array(bits.length);
  for (let i = 0; i < bits.length; i++) words[i] = (bits[i] as number) << 16;
  return new Float32Array(words.buffer);
}

/**
 * 64-bit integers, each rounded once. The way to float32 leads over float64, which would round a first time: so the
 * lowest 11 bits, which are too many for float64, become one that says whether any was set (rounding to odd; Boldo and
 * Melquiond, "Emulation of FMA and correctly rounded sums", 2008).
 */
export function roundBigIntegers(integers: BigInt64Array | BigUint64Array): Float32Array {
  const values = new Float32Array(integers.length);
  for (let i = 0; i < integers.length; i++) {
    const integer = integers[i] as bigint;
    values[i] = Number(fitsFloat64(integer) ? integer : (integer & ~2047n) | 2048n);
  }
  return values;
}

function fitsFloat64(integer: bigint): boolean {
  return (integer & 2047n) === 0n || (integer < 2n ** 53n && integer > -(2n ** 53n));
}
