// Waiting for a number in shared memory to change: first awake, which answers in a microsecond, then asleep.
// Sleeping traps where the memory is not shared: only workers sleep here.

/** Reads the number at `at` up to `spins` times; returns it as soon as it is not `old`, else `old`. */
export function spinWhile(at: usize, old: i32, spins: i32): i32 {
  for (let i = 0; i < spins; i++) {
    const now = atomic.load<i32>(at);
    if (now != old) return now;
  }
  return old;
}

/** Sleeps until the number at `at` is not `old`. For threads that may sleep, which a browser's main thread may not. */
export function sleepWhile(at: usize, old: i32): i32 {
  let now = atomic.load<i32>(at);
  while (now == old) {
    atomic.wait<i32>(at, old, -1);
    now = atomic.load<i32>(at);
  }
  return now;
}
