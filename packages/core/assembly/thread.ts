// Which thread an instance of the module computes in: what tells it which part of the scratch memory is its own.

let thread: usize = 0;

/** Tells this instance which thread it computes in, from 0. */
export function setThread(index: usize): void {
  thread = index;
}

/** Where the scratch memory of this thread begins, where each has `size` bytes from `scratch` on. */
export function ownScratch(scratch: usize, size: usize): usize {
  return scratch + thread * size;
}
