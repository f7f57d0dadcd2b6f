// A queue of jobs over shared memory, which every thread works through in order. A job is a number of parts, which may
// be computed in any order and by anybody, or one part of several calls in order; the next job begins when all parts of
// the one before have ended. One thread publishes jobs, and need not wait for any of them.
//
// All hangs on one number, the ticket: the job at work (32 bits), the first of its parts that nobody has taken, counted
// from 1 (16 bits), and the end of those (16). Who takes a part, or begins a job, swaps the ticket for its successor in
// one step, and fails where another was faster. A ticket does not come back in 2³² jobs, so nobody mistakes a later
// state for the one it has seen. Where the two ends are 0, the job of that number is not published yet.

/** How many jobs can wait, and how many calls they can have together; powers of two. */
const JOBS: i32 = 256;
const PLACES: i32 = 2048;

// Byte offsets of what the queue has behind the ticket; POOL in src/backends/wasm/worker-source.ts has the same numbers.
// What several threads write stands on lines of the cache of its own.
const PUBLISHED: usize = 64;
const HEAD: usize = 68;
const DONE: usize = 128;
const SLEEPERS: usize = 192;
const FAILED: usize = 256;
const FINISHED: usize = 512;
const COUNTS: usize = 1024;
const FIRSTS: usize = COUNTS + 4 * JOBS;

// @ts-ignore: decorator
@inline
function jobOf(ticket: i64): i32 {
  return i32(ticket >> 32);
}

// @ts-ignore: decorator
@inline
function slotOf(job: i32): usize {
  return usize(job & (JOBS - 1)) << 2;
}

/** The ticket of a job of which no part was taken. */
// @ts-ignore: decorator
@inline
function begin(at: usize, job: i32): i64 {
  return (i64(job) << 32) | 0x10000 | i64(load<i32>(at + COUNTS + slotOf(job)) + 1);
}

// @ts-ignore: decorator
@inline
function wake(at: usize): void {
  if (atomic.load<i32>(at + SLEEPERS)) atomic.notify(at, -1);
}

/** Begins the job that everybody waits for, if it was published. */
function beginIfIdle(at: usize): void {
  const ticket = atomic.load<i64>(at);
  const job = jobOf(ticket);
  if (i32(ticket) == 0 && job != atomic.load<i32>(at + PUBLISHED)) {
    atomic.cmpxchg<i64>(at, ticket, begin(at, job));
  }
}

/** Where to write the next job: the first free place, or −1 while there is no room for so many jobs and calls. */
export function placeOfParts(at: usize, jobs: i32, calls: i32): i32 {
  const head = load<i32>(at + HEAD);
  const waiting = atomic.load<i32>(at + PUBLISHED) - jobOf(atomic.load<i64>(at));
  if (waiting == 0) return head & (PLACES - 1);
  // the oldest job cannot end and be replaced in here: this thread alone publishes
  const oldest = atomic.load<i32>(at + PUBLISHED) - waiting;
  const taken = head - load<i32>(at + FIRSTS + slotOf(oldest));
  return waiting + jobs <= JOBS && taken + calls <= PLACES ? head & (PLACES - 1) : -1;
}

/**
 * Puts a job in the queue: of `count` parts, at least one, written from `placeOfParts` on. Each is one call, or there is
 * one part, of `calls`.
 */
export function publish(at: usize, count: i32, calls: i32): void {
  const job = atomic.load<i32>(at + PUBLISHED);
  const head = load<i32>(at + HEAD);
  store<i32>(at + COUNTS + slotOf(job), count);
  store<i32>(at + FIRSTS + slotOf(job), head);
  store<i32>(at + HEAD, head + calls);
  atomic.store<i32>(at + PUBLISHED, job + 1);
  beginIfIdle(at);
  wake(at);
}

/** Takes a part of the job at work, the first or the last that is left. Its place, or −1 where none is left. */
export function takePart(at: usize, last: bool): i32 {
  for (;;) {
    const ticket = atomic.load<i64>(at);
    const end = i32(ticket) & 0xffff;
    const start = (i32(ticket) >>> 16) & 0xffff;
    if (start == end) return -1;
    const next = last ? ticket - 1 : ticket + 0x10000;
    if (atomic.cmpxchg<i64>(at, ticket, next) != ticket) continue;
    const part = last ? end - 1 : start;
    return (load<i32>(at + FIRSTS + slotOf(jobOf(ticket))) + part - 1) & (PLACES - 1);
  }
}

/** Says that a part which was taken has ended. Whoever ends the last part of a job begins the next. */
export function endPart(at: usize, thread: i32, failed: bool): void {
  if (failed) atomic.store<i32>(at + FAILED, 1);
  const finished = at + FINISHED + (usize(thread) << 2);
  store<i32>(finished, load<i32>(finished) + 1);
  // the job cannot end before this part does: after the addition all may be another's
  const job = jobOf(atomic.load<i64>(at));
  const count = load<i32>(at + COUNTS + slotOf(job));
  if (atomic.add<i32>(at + DONE, 1) + 1 != count) return;
  atomic.store<i32>(at + DONE, 0);
  const next = job + 1;
  if (next != atomic.load<i32>(at + PUBLISHED)) {
    atomic.store<i64>(at, begin(at, next));
  } else {
    atomic.store<i64>(at, i64(next) << 32);
    // it may have been published between the two lines above
    beginIfIdle(at);
  }
  wake(at);
}

/**
 * Looks at the queue up to `looks` times.
 *
 * @returns 1 as soon as there is a part to take, 2 as soon as all jobs have ended, unless `forMore`; else 0
 */
export function awaitPart(at: usize, looks: i32, forMore: bool): i32 {
  for (let i = 0; i < looks; i++) {
    const ticket = atomic.load<i64>(at);
    if ((i32(ticket) & 0xffff) != (i32(ticket) >>> 16)) return 1;
    if (!forMore && i32(ticket) == 0 && jobOf(ticket) == atomic.load<i32>(at + PUBLISHED)) return 2;
  }
  return 0;
}

/**
 * Sleeps until the queue is not as it is, or for so many milliseconds; below 0 for any time. It may wake for nothing.
 * For threads that may sleep, which a browser's main thread may not, and where memory is shared.
 *
 * The caller counts itself among the sleepers before and after. Not here: V8's first compiler in Node 20 loses the
 * address over the wait, and counts down elsewhere.
 */
export function sleep(at: usize, milliseconds: i32): void {
  const ticket = atomic.load<i64>(at);
  if ((i32(ticket) & 0xffff) != (i32(ticket) >>> 16)) return;
  atomic.wait<i64>(at, ticket, milliseconds < 0 ? -1 : i64(milliseconds) * 1_000_000);
}
