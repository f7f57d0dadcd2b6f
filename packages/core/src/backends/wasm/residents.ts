// What is done where the linear memory gets full: buffers that nobody used for long are moved to ordinary arrays, and
// come back when they are used again. The garbage collector sees those arrays. So a program that makes one model after
// the other, and never returns to the event loop where finalizers would run, does not fill the memory with models that
// nobody has any more: the last reference from here to a buffer is dropped when it is moved out.
//
// A pinned buffer lies idle when it was not used for twice as long as it ever was before. Parameters that a training uses
// in each step never do. One that comes back is kept for twice as long from then on, so it moves only a few times
// however long a program runs, and a training whose parameters do not fit beside its activations gets the memory it asks
// for. Time is counted in calls of kernels: the same program moves the same buffers on every machine.

import { openScopes } from "../../owners.js";
import type { Backend } from "../backend.js";
import type { Engine } from "./engine.js";
import { describeHeld } from "./held-memory.js";
import type { Reclaimer } from "./linear-memory.js";
import type { Pin, WasmBuffer } from "./wasm-buffers.js";

/** What a buffer that was not used since it was made counts as its longest time without use. */
const UNKNOWN_INTERVAL = 256;
/** At least this part of the memory is emptied at once, lest the next allocation asks again. */
const LEAST_PART = 16;

/** The pinned buffers of a linear memory, and all that can leave it. */
export class Residents implements Reclaimer {
  readonly #owner: Backend;
  readonly #engine: Engine;
  readonly #now: () => number;
  /** Of the pinned buffers that have an address. */
  readonly #pins = new Set<Pin>();
  #movedOut = 0;
  #movedBack = 0;

  /** @param now the number of the call of a kernel that is being prepared, or was the last */
  constructor(owner: Backend, engine: Engine, now: () => number) {
    this.#owner = owner;
    this.#engine = engine;
    this.#now = now;
  }

  get name(): string {
    return this.#owner.name;
  }

  /** How often a buffer was moved out. */
  get movedOut(): number {
    return this.#movedOut;
  }

  /** How often one came back. */
  get movedBack(): number {
    return this.#movedBack;
  }

  /** From here on the pin's buffer may be moved out. */
  add(pin: Pin, buffer: WasmBuffer): void {
    pin.buffer = buffer;
    this.#pins.add(pin);
  }

  /** Forgets a buffer that is freed. */
  remove(pin: Pin): void {
    pin.buffer = undefined;
    this.#pins.delete(pin);
  }

  /** Gives a buffer that was moved out an address again. @throws BackendError where there is no room for it */
  bringBack(buffer: WasmBuffer): void {
    const { size, values, pin } = buffer;
    const address = this.#engine.memory.allocate(4 * size);
    this.#engine.floats(address, size).set(values as Float32Array);
    buffer.address = address;
    buffer.values = undefined;
    buffer.movedOut = false;
    if (pin) this.add(pin, buffer);
    this.#movedBack++;
  }

  makeRoom(enough: () => boolean, urgent: boolean): void {
    const now = this.#now();
    const pinned = [...this.#pins].flatMap(({ buffer }) => buffer ?? []);
    const candidates = urgent
      ? [...pinned, ...this.#inScopes().map(({ buffer }) => buffer)].filter((buffer) => buffer.lastUse < now)
      : pinned.filter((buffer) => isIdle(buffer, now));
    candidates.sort((a, b) => a.lastUse - b.lastUse);
    let least = urgent ? 0 : this.#engine.memory.buffer.byteLength / LEAST_PART;
    for (const buffer of candidates) {
      if (least <= 0 && enough()) return;
      if (!this.#moveOut(buffer)) break;
      least -= 4 * buffer.size;
    }
    enough();
  }

  describe(): string {
    const pinned = [...this.#pins].flatMap(({ buffer, madeBy }) => (buffer ? [{ size: buffer.size, madeBy }] : []));
    const scoped = this.#inScopes().map(({ buffer, madeBy }) => ({ size: buffer.size, madeBy }));
    return describeHeld({ pinned, scoped, scopes: openScopes(this.#owner).length });
  }

  /** Whether there was memory outside for it. What kernels are still to write is waited for. */
  #moveOut(buffer: WasmBuffer): boolean {
    const { address, size, pin } = buffer;
    const view = this.#engine.floats(address, size);
    try {
      buffer.values = new Float32Array(view);
    } catch (error) {
      if (error instanceof RangeError) return false;
      throw error;
    }
    buffer.address = 0;
    buffer.movedOut = true;
    // now the values are the collector's: nobody here may hold them
    if (pin) this.remove(pin);
    this.#engine.memory.release(address, 4 * size);
    this.#movedOut++;
    return true;
  }

  /** The buffers of open scopes that have an address. */
  #inScopes(): { buffer: WasmBuffer; madeBy: string }[] {
    return openScopes(this.#owner).flatMap((owned) =>
      owned.flatMap(({ description, madeBy }) => {
        const buffer = description as WasmBuffer;
        return buffer.address ? [{ buffer, madeBy }] : [];
      }),
    );
  }
}

function isIdle({ lastUse, pin }: WasmBuffer, now: number): boolean {
  return now - lastUse > 2 * (pin?.interval || UNKNOWN_INTERVAL);
}
