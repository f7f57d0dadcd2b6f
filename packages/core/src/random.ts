// Seeded random numbers whose whole state can be saved, the same on every engine. The generator is Philox4x32-10
// (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011): the n-th block of four words is a function
// of seed, stream and n alone, so that any part of a sequence can be computed by itself. Normal numbers come from
// logarithm, sine and cosine made of +, −, ×, ÷ and √ only, since Math.log and the like differ between engines.

import type { RandomPlace } from "./backends/backend.js";
import { ArgumentError } from "./errors.js";
import { instanceOf, numeric, optionsOf, readOptions } from "./options.js";

const WORDS = 4;
const TWO_32 = 2 ** 32;

/** All there is to know about a generator: plain JSON. */
export interface RandomState {
  readonly algorithm: "philox4x32-10";
  readonly seed: number;
  readonly stream: number;
  /** The block of four words that comes next, and how many words of the one before are left. */
  readonly block: number;
  readonly wordsLeft: number;
}

const STREAM = optionsOf<{ stream?: number }>({ stream: numeric });

/** A seeded generator. Two with the same seed and stream give the same numbers, everywhere. */
export class Random {
  #seed: number;
  #stream: number;
  #block = 0;
  #wordsLeft = 0;
  readonly #words = new Uint32Array(WORDS);

  /**
   * @param seed a whole number in [0, 2⁵³)
   * @param options.stream a whole number in [0, 2³²): streams of one seed are independent of each other
   * @throws ArgumentError for any other number
   */
  constructor(seed: number, options: { stream?: number } = {}) {
    const { stream = 0 } = readOptions("Random", options, STREAM);
    if (!Number.isSafeInteger(seed) || seed < 0) {
      throw new ArgumentError("Random", `the seed must be a whole number in [0, 2^53), got ${seed}`);
    }
    if (!Number.isSafeInteger(stream) || stream < 0 || stream >= TWO_32) {
      throw new ArgumentError("Random", `the stream must be a whole number in [0, 2^32), got ${stream}`);
    }
    this.#seed = seed;
    this.#stream = stream;
  }

  /** A generator that goes on where the one that gave `state` stood. Throws ArgumentError for what is no state. */
  static fromState(state: RandomState): Random {
    if (!isState(state)) {
      throw new ArgumentError("Random.fromState", `not a state of this generator: ${JSON.stringify(state)}`);
    }
    const { seed, stream, block, wordsLeft } = state;
    const random = new Random(seed, { stream });
    random.#block = block;
    if (wordsLeft > 0) {
      // the words that are left are the block's before
      random.#block--;
      random.#nextBlock();
    }
    random.#wordsLeft = wordsLeft;
    return random;
  }

  /** What all numbers start from. */
  get seed(): number {
    return this.#seed;
  }

  /** Which of the seed's independent sequences this is. */
  get stream(): number {
    return this.#stream;
  }

  /**
   * Goes on where the generator that gave `state` stood, whatever seed and stream this one had. Throws ArgumentError
   * for what is no state, and changes nothing then.
   */
  restore(state: RandomState): void {
    const other = Random.fromState(state);
    this.#seed = other.#seed;
    this.#stream = other.#stream;
    this.#block = other.#block;
    this.#wordsLeft = other.#wordsLeft;
    this.#words.set(other.#words);
  }

  /** The whole state, to be saved and given to `fromState` or `restore`. */
  state(): RandomState {
    const { seed, stream } = this;
    return { algorithm: "philox4x32-10", seed, stream, block: this.#block, wordsLeft: this.#wordsLeft };
  }

  /** Seed, stream and place in the sequence, in words of 32 bits. */
  toString(): string {
    return `Random: seed ${this.#seed}, stream ${this.#stream}, at word ${this.#block * WORDS - this.#wordsLeft}`;
  }

  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return this.toString();
  }

  /** A uniform number in [0, 1) with 53 random bits. */
  uniform(): number {
    const high = this.#nextWord() >>> 5;
    const low = this.#nextWord() >>> 6;
    return (high * 2 ** 26 + low) / 2 ** 53;
  }

  /** A uniform whole number in [0, limit), every one as likely. `limit` is in [1, 2³²]. */
  integer(limit: number): number {
    if (!Number.isSafeInteger(limit) || limit < 1 || limit > TWO_32) {
      throw new ArgumentError("Random.integer", `the limit must be a whole number in [1, 2^32], got ${limit}`);
    }
    const fair = TWO_32 - (TWO_32 % limit);
    let word = this.#nextWord();
    while (word >= fair) word = this.#nextWord();
    return word % limit;
  }

  /** A normal number: mean 0, standard deviation 1. */
  normal(): number {
    return normalPair(this.#nextWord(), this.#nextWord())[0];
  }

  /** Fills an array with uniform numbers in [0, 1), multiples of 2⁻²⁴, so that float32 and float64 get the same. */
  fillUniform<T extends Float32Array | Float64Array>(target: T): T {
    this.#wordsLeft = 0;
    for (let i = 0; i < target.length; i++) target[i] = (this.#nextWord() >>> 8) / 2 ** 24;
    return target;
  }

  /** Fills an array with normal numbers: mean 0, standard deviation 1. Each pair of words gives two of them. */
  fillNormal<T extends Float32Array | Float64Array>(target: T): T {
    this.#wordsLeft = 0;
    for (let i = 0; i < target.length; i += 2) {
      const [first, second] = normalPair(this.#nextWord(), this.#nextWord());
      target[i] = first;
      if (i + 1 < target.length) target[i + 1] = second;
    }
    return target;
  }

  /**
   * Passes over the numbers that filling an array of `size` takes, for whoever computes them elsewhere. Leaves the
   * generator as `fillUniform` (`wordsEach` 1) and `fillNormal` (2, since they come in pairs) leave it.
   *
   * @returns where those numbers begin
   */
  skip(size: number, wordsEach: 1 | 2): RandomPlace {
    const { seed, stream } = this;
    const words = wordsEach === 1 ? size : size + (size % 2);
    const place = { seed, stream, block: this.#block };
    this.#wordsLeft = 0;
    if (words === 0) return place;
    this.#block += Math.ceil(words / WORDS) - 1;
    this.#nextBlock();
    this.#wordsLeft = (WORDS - (words % WORDS)) % WORDS;
    return place;
  }

  #nextWord(): number {
    if (this.#wordsLeft === 0) {
      this.#nextBlock();
      this.#wordsLeft = WORDS;
    }
    return this.#words[WORDS - this.#wordsLeft--] as number;
  }

  #nextBlock(): void {
    philox(this.#words, this.#block, this.stream, this.seed);
    this.#block++;
  }
}

/** An option that is a generator. */
export const generator = instanceOf("a generator, as new Random(seed)", Random);

function isState(state: RandomState | null | undefined): state is RandomState {
  if (state?.algorithm !== "philox4x32-10") return false;
  const { block, wordsLeft } = state;
  return Number.isSafeInteger(block) && block >= Math.sign(wordsLeft) && [0, 1, 2, 3].includes(wordsLeft);
}

/** Writes block `block` of the sequence: ten rounds of two 32×32→64-bit products. */
function philox(words: Uint32Array, block: number, stream: number, seed: number): void {
  let c0 = block >>> 0;
  let c1 = Math.floor(block / TWO_32) >>> 0;
  let c2 = stream;
  let c3 = 0;
  let k0 = seed >>> 0;
  let k1 = Math.floor(seed / TWO_32) >>> 0;
  for (let round = 0; round < 10; round++) {
    const high0 = highProduct(0xd2511f53, c0);
    const low0 = Math.imul(0xd2511f53, c0) >>> 0;
    const high1 = highProduct(0xcd9e8d57, c2);
    const low1 = Math.imul(0xcd9e8d57, c2) >>> 0;
    c0 = (high1 ^ c1 ^ k0) >>> 0;
    c1 = low1;
    c2 = (high0 ^ c3 ^ k1) >>> 0;
    c3 = low0;
    k0 = (k0 + 0x9e3779b9) >>> 0;
    k1 = (k1 + 0xbb67ae85) >>> 0;
  }
  words[0] = c0;
  words[1] = c1;
  words[2] = c2;
  words[3] = c3;
}

/** The upper 32 bits of the product of two unsigned 32-bit numbers. */
function highProduct(a: number, b: number): number {
  const [aLow, aHigh] = [a & 0xffff, a >>> 16];
  const [bLow, bHigh] = [b & 0xffff, b >>> 16];
  const middle = aHigh * bLow + ((aLow * bLow) >>> 16);
  return (aHigh * bHigh + Math.floor(middle / 65536) + Math.floor(((middle % 65536) + aLow * bHigh) / 65536)) >>> 0;
}

/** Two normal numbers from two words (Box & Muller, 1958). */
function normalPair(a: number, b: number): readonly [number, number] {
  const radius = Math.sqrt(-2 * logarithm((a + 0.5) / TWO_32));
  const [sine, cosine] = sineAndCosine(b / TWO_32);
  return [radius * cosine, radius * sine];
}

const L = [
  0.6666666666666735, 0.3999999999940942, 0.2857142874366239, 0.22222198432149784, 0.1818357216161805,
  0.15313837699209373, 0.14798198605116586,
] as const;
const LN2_HIGH = 0.6931471803691238;
const LN2_LOW = 1.9082149292705877e-10;

/** ln x for 0 < x ≤ 1: x = 2ᵉ·m with m in [√½, √2), ln m = 2 artanh((m − 1)/(m + 1)); coefficients from fdlibm. */
export function logarithm(x: number): number {
  let exponent = 0;
  let m = x;
  while (m < Math.SQRT1_2) {
    m *= 2;
    exponent--;
  }
  const f = m - 1;
  const s = f / (2 + f);
  const z = s * s;
  const series = z * (L[0] + z * (L[1] + z * (L[2] + z * (L[3] + z * (L[4] + z * (L[5] + z * L[6]))))));
  const half = 0.5 * f * f;
  return exponent * LN2_HIGH - (half - (s * (half + series) + exponent * LN2_LOW) - f);
}

/** sin 2πt and cos 2πt for 0 ≤ t < 1, by quadrant, with fdlibm's polynomials on [−π/4, π/4]. */
export function sineAndCosine(t: number): readonly [number, number] {
  const quadrant = Math.floor(t * 4 + 0.5);
  const x = (t * 4 - quadrant) * (Math.PI / 2);
  const z = x * x;
  const sineTail =
    0.00833333333332249 +
    z *
      (-0.0001984126982985795 + z * (2.7557313707070068e-6 + z * (-2.5050760253406863e-8 + z * 1.58969099521155e-10)));
  const sine = x + x * z * (-0.16666666666666632 + z * sineTail);
  const cosineTail =
    0.0416666666666666 +
    z *
      (-0.001388888888887411 +
        z *
          (2.480158728947673e-5 +
            z * (-2.7557314351390663e-7 + z * (2.087572321298175e-9 + z * -1.1359647557788195e-11))));
  const cosine = 1 - 0.5 * z + z * z * cosineTail;
  if (quadrant === 1) return [cosine, -sine];
  if (quadrant === 2) return [-sine, -cosine];
  if (quadrant === 3) return [-cosine, sine];
  return [sine, cosine];
}
