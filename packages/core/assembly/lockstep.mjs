// Writes a function of one vector as WebAssembly text that applies it to many, several of them in lockstep. Two things
// make that fast which a loop over one vector lacks. The operations of a function are a long chain, each waiting for the
// one before, and a processor sees only some vectors at once: side by side, they fill the time. And V8, from Node 24 on,
// makes a constant vector anew wherever it is used, in three instructions: here a constant is a number in all lanes,
// which is kept.
//
// Where V8 joins two neighbouring vectors to a wider one (create-engine.ts), it does so from their stores backwards, and
// only where nothing else needs the two one by one: so nothing is left in a variable when a turn of the loop ends.

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
    this.constants.set(name, `(i32x4.splat (i32.const ${bits}))`);
    return name;
  }
}

/**
 * The variables of x and of each result, of which a later one takes that of an earlier one which nothing needs any more.
 *
 * @param {Step[]} steps
 * @param {string} y what is needed to the end
 */
function variablesOf(steps, y) {
  const lastUse = new Map(steps.flatMap(({ args }, i) => args.map((each) => [each, i])));
  lastUse.set(y, steps.length);
  const variables = new Map([["$x", "$v0"]]);
  const free = [];
  let count = 1;
  steps.forEach(({ args, result }, i) => {
    for (const each of new Set(args)) {
      if (variables.has(each) && lastUse.get(each) === i) free.push(variables.get(each));
    }
    variables.set(result, free.pop() ?? `$v${count++}`);
  });
  return variables;
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
  const variables = variablesOf(steps, y);
  const all = [...new Set(variables.values())];
  const lanes = (count) => Array.from({ length: count }, (_, lane) => lane);
  const place = (each, lane) => (constants.has(each) ? each : `${variables.get(each)}_${lane}`);
  const value = (each, lane) => (each.startsWith("(") ? each : `(local.get ${place(each, lane)})`);
  const load = (lane) => `(v128.load offset=${16 * lane} align=4 (local.get $from))`;
  const advance = (at, count) => `(local.set ${at} (i32.add (local.get ${at}) (i32.const ${16 * count})))`;
  const body = (count) => [
    ...lanes(count).map((lane) => `(local.set ${place("$x", lane)} ${load(lane)})`),
    ...steps.flatMap(({ op, args, result }) =>
      lanes(count).map((lane) => {
        return `(local.set ${place(result, lane)} (${op} ${args.map((each) => value(each, lane)).join(" ")}))`;
      }),
    ),
    ...lanes(count).map((lane) => `(v128.store offset=${16 * lane} align=4 (local.get $to) ${value(y, lane)})`),
    ...all.flatMap((each) => lanes(count).map((lane) => `(local.set ${each}_${lane} (local.get $nothing))`)),
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
  return [
    `(func ${name} (param $from i32) (param $to i32) (param $count i32) (local $nothing v128)`,
    ...[...constants.keys()].map((each) => `(local ${each} v128)`),
    ...all.flatMap((each) => lanes(SIDE_BY_SIDE).map((lane) => `(local ${each}_${lane} v128)`)),
    ...[...constants].map(([each, bits]) => `(local.set ${each} ${bits})`),
    ...loop("$several", SIDE_BY_SIDE),
    ...loop("$one", 1),
    ")",
  ].join("\n");
}
