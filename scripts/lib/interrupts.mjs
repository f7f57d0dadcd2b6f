// Makes one SIGINT of one Ctrl-C.
//
// A terminal sends Ctrl-C's SIGINT to every process in the foreground, npm among them, and npm passes its own on to the
// script that it runs. So a script under `npm start` gets two, a moment apart, and the second one would cut off whatever
// the first one made it tidy up.

/** Signals that follow each other within this many milliseconds are the same Ctrl-C. */
const SAME = 500;

/** Hides repeated SIGINTs from all listeners of this process. Where there is no listener, the first one ends it. */
export function foldInterrupts() {
  const emit = process.emit;
  let last = Number.NEGATIVE_INFINITY;
  /** @type {(event: any, ...args: any[]) => any} */
  const emitOnce = (event, ...args) => {
    if (event === "SIGINT") {
      const repeated = performance.now() - last < SAME;
      last = performance.now();
      if (repeated) return true;
    }
    return Reflect.apply(emit, process, [event, ...args]);
  };
  process.emit = emitOnce;
  // Node ends a process at a SIGINT that nobody listens to, before it can be told apart from the first: so one listens.
  process.on("SIGINT", () => {
    if (process.listenerCount("SIGINT") === 1) process.exit(130);
  });
}
