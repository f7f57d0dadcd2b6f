// Samples in an order that is shuffled anew for each pass over all of them.

import { ArgumentError } from "../errors.js";
import { Random } from "../random.js";

/** A generator of random numbers gives a block of so many words at once. */
const WORDS_OF_BLOCK = 4;

/**
 * Draws samples without replacement: each once in an epoch, in an order of its own. The generator that it is given is
 * all its state: every sample takes one block of it, and the order of an epoch is drawn from the epoch's own blocks. So
 * a generator that was saved and restored goes on in the middle of an epoch, as long as it is used for nothing else.
 */
export class ShuffledEpochs {
  /** Samples in an epoch. */
  readonly count: number;
  readonly #random: Random;
  #order: Int32Array = new Int32Array(0);
  /** Which epoch of which generator the order is of. */
  #orderOf = "";

  /** @throws ArgumentError unless `count` is a whole number ≥ 1 */
  constructor(count: number, random: Random) {
    if (!Number.isSafeInteger(count) || count < 1) {
      throw new ArgumentError("ShuffledEpochs", `needs a whole number ≥ 1 of samples, got ${count}`);
    }
    this.count = count;
    this.#random = random;
  }

  /**
   * The next `size` sample numbers; fewer at the end of an epoch, which never goes over into the next.
   *
   * @throws ArgumentError unless `size` is a whole number ≥ 1
   */
  next(size: number): Int32Array {
    if (!Number.isSafeInteger(size) || size < 1) {
      throw new ArgumentError("ShuffledEpochs.next", `the size must be a whole number ≥ 1, got ${size}`);
    }
    const { block } = this.#random.state();
    const place = block % this.count;
    const taken = this.#orderAt(block - place).slice(place, place + size);
    this.#random.skip(taken.length * WORDS_OF_BLOCK, 1);
    return taken;
  }

  /** The order of the epoch that begins at a block. */
  #orderAt(block: number): Int32Array {
    const { seed, stream } = this.#random;
    const wanted = `${seed} ${stream} ${block}`;
    if (this.#orderOf !== wanted) {
      this.#order = shuffled(this.count, Random.fromState({ ...this.#random.state(), block, wordsLeft: 0 }));
      this.#orderOf = wanted;
    }
    return this.#order;
  }
}

/** 0 … count − 1, every order as likely: Fisher & Yates, in the form of Durstenfeld (1964). */
function shuffled(count: number, random: Random): Int32Array {
  const order = Int32Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1; i > 0; i--) {
    const j = random.integer(i + 1);
    [order[i], order[j]] = [order[j] as number, order[i] as number];
  }
  return order;
}
