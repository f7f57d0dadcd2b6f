// Which thread an instance of the module computes in: what tells it which part of the scratch memory is its own.

/** Where the places of the threads begin; `endOfPlaces` in src/backends/wasm/kernels.ts has the same numbers. */
// @ts-ignore: decorator
@inline const PLACES: usize = 64;
/** Bytes of each: whole lines of the cache, so that no thread writes to another's. */
// @ts-ignore: decorator
@inline const OWN_BYTES: usize = 128;

let thread: usize = 0;

/** Tells this instance which thread it computes in, from 0. */
export function setThread(index: usize): void {
  thread = index;
}

/** Where the scratch memory of this thread begins, where each has `size` bytes from `scratch` on. */
export function ownScratch(scratch: usize, size: usize): usize {
  return scratch + thread * size;
}

/** A place for eight vectors that this thread has for itself, for what a kernel keeps within a call. */
export function ownPlace(): usize {
  return PLACES + thread * OWN_BYTES;
}
