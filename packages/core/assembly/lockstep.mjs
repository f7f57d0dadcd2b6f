// Writes a function of one vector as WebAssembly text that applies it to many, several of them in lockstep. Two things
// make that fast which a loop over one vector lacks. The operations of a function are a long chain, each waiting for the
// one before, and a processor sees only some vectors at once: side by side, they fill the time. And V8, from Node 24 on,
// makes a constant vector anew wherever it is used, in three instructions: here a constant is a global that could change,
// so that it is read once, before the loop.

/** So many vectors side by side: with more, their values no longer fit the registers. */
const SIDE_BY_SIDE = 4;

/** @typedef {{ op: string, args: string[], result: string }} Step */

/** What a formula is written with: each call is an operation on a whole vector, and gives a name for its result. */
class Recorder {
  /** @type {Step[]} */
  steps = [];
  /** @type {Map<string, string>} */
  constants = new Map();

  /** A vector of one 32-bit float. */
  f32 = (value) => this.#constant(new Uint32Array(new Float32Array([value]).buffer)[0]);
  /** A vector of one 32-bit whole number. */
  i32 = (value) => this.#constant(value >>> 0);
  /** Whole numbers with their bits moved up by a number of places. */
  shiftLeft = (x, places) => this.#step("i32x4.shl", x, `(i32.const ${places})`);

  add = (a, b) => this.#step("f32x4.add", a, b);
  sub = (a, b) => this.#step("f32x4.sub", a, b);
  mul = (a, b) => this.#step("f32x4.mul", a, b);
  div = (a, b) => this.#step("f32x4.div", a, b);
  abs = (x) => this.#step("f32x4.abs", x);
  /** b where b < a, else a. */
  pmin = (a, b) => this.#step("f32x4.pmin", a, b);
  less = (a, b) => this.#step("f32x4.lt", a, b);
  and = (a, b) => this.#step("v128.and", a, b);
  or = (a, b) => this.#step("v128.or", a, b);
  addInteger = (a, b) => this.#step("i32x4.add", a, b);
  subInteger = (a, b) => this.#step("i32x4.sub", a, b);

  #step(op, ...args) {
    const result = `$v${this.steps.length}`;
    this.steps.push({ op, args, result });
    return result;
  }

  #constant(bits) {
    const name = `$k${bits.toString(16)}`;
    this.constants.set(name, `(v128.const i32x4 ${Array(4).fill(bits).join(" ")})`);
    return name;
  }
}

/**
 * The text of a function `name` of the addresses of x and of the result, which may be the same, and the number of vectors.
 *
 * @param {string} name what modules call it
 * @param {(x: string, recorder: Recorder) => string} formula of one vector
 */
export function lockstepText(name, formula) {
  const recorder = new Recorder();
  const y = formula("$x", recorder);
  const { steps, constants } = recorder;
  const lanes = (count) => Array.from({ length: count }, (_, lane) => lane);
  const value = (each, lane) => {
    if (each.startsWith("(")) return each;
    return `(local.get ${constants.has(each) ? each : each + "_" + lane})`;
  };
  // A store each to an address of its own: V8's --experimental-wasm-revectorize joins those that it sees to be neighbours,
  // and over this function V8 14.6 ends the process for it.
  const store = (lane) => `(v128.store align=4 (i32.add (local.get $to) (i32.const ${16 * lane})) ${value(y, lane)})`;
  const advance = (at, count) => `(local.set ${at} (i32.add (local.get ${at}) (i32.const ${16 * count})))`;
  const body = (count) => [
    ...lanes(count).map((lane) => `(local.set $x_${lane} (v128.load offset=${16 * lane} align=4 (local.get $from)))`),
    ...steps.flatMap(({ op, args, result }) =>
      lanes(count).map((lane) => {
        return `(local.set ${result}_${lane} (${op} ${args.map((each) => value(each, lane)).join(" ")}))`;
      }),
    ),
    ...lanes(count).map(store),
    advance("$from", count),
    advance("$to", count),
  ];
  const loop = (label, count) => [
    `(block ${label}_end (loop ${label}`,
    `(br_if ${label}_end (i32.lt_u (local.get $count) (i32.const ${count})))`,
    ...body(count),
    `(local.set $count (i32.sub (local.get $count) (i32.const ${count})))`,
    `(br ${label})))`,
  ];
  const vectors = ["$x", ...steps.map(({ result }) => result)];
  return [
    ...[...constants].map(([each, bits]) => `(global ${each} (mut v128) ${bits})`),
    `(func ${name} (param $from i32) (param $to i32) (param $count i32)`,
    ...[...constants.keys()].map((each) => `(local ${each} v128)`),
    ...vectors.flatMap((each) => lanes(SIDE_BY_SIDE).map((lane) => `(local ${each}_${lane} v128)`)),
    ...[...constants.keys()].map((each) => `(local.set ${each} (global.get ${each}))`),
    ...loop("$several", SIDE_BY_SIDE),
    ...loop("$one", 1),
    ")",
  ].join("\n");
}
