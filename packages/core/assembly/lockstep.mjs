// Writes a function of one vector as WebAssembly text that applies it to many, several of them in lockstep. Two things
// make that fast which a loop over one vector lacks. The operations of a function are a long chain, each waiting for the
// one before, and a processor sees only some vectors at once: side by side, they fill the time. And V8, from Node 24 on,
// makes a constant vector anew wherever it is used, in three instructions: here a constant is a number in all lanes,
// which is kept.
//
// Where V8 joins two neighbouring vectors to a wider one (wide.ts), it does so from their stores backwards, and
// only where nothing else needs the two one by one: so nothing is left in a variable when a turn of the loop ends.

/**
 * An operation on whole vectors, and the name of its result.
 *
 * @typedef {{ op: string, args: string[], result: string }} Step
 */

/**
 * What is computed: from vectors of the arrays `reads`, and from `numbers`, which are the same for all of them, those of
 * the arrays `writes`. The formula is given a name for each that it reads, and returns one for each that it writes. It is
 * computed of so many vectors `sideBySide`: with too many, their values no longer fit the registers.
 *
 * @typedef {{
 *   reads: string[],
 *   writes: string[],
 *   numbers?: string[],
 *   sideBySide: number,
 *   formula: (values: Record<string, string>, recorder: Recorder) => Record<string, string>,
 * }} Computation
 */

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
  /** A vector of a number that the function is given. */
  number = (name) => {
    this.constants.set(`$${name}s`, `(f32x4.splat (local.get $${name}))`);
    return `$${name}s`;
  };
  /** Whole numbers with their bits moved up by a number of places. */
  shiftLeft = (x, places) => this.#step("i32x4.shl", x, `(i32.const ${places})`);

  add = (a, b) => this.#step("f32x4.add", a, b);
  sub = (a, b) => this.#step("f32x4.sub", a, b);
  mul = (a, b) => this.#step("f32x4.mul", a, b);
  div = (a, b) => this.#step("f32x4.div", a, b);
  sqrt = (x) => this.#step("f32x4.sqrt", x);
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
 * The variables of what is read and of each result, of which a later one takes that of an earlier one which nothing needs
 * any more.
 *
 * @param {string[]} read
 * @param {Step[]} steps
 * @param {string[]} kept what is needed to the end
 */
function variablesOf(read, steps, kept) {
  const lastUse = new Map(steps.flatMap(({ args }, i) => args.map((each) => [each, i])));
  for (const each of kept) lastUse.set(each, steps.length);
  const variables = new Map(read.map((each, i) => [each, `$v${i}`]));
  const free = [];
  let count = read.length;
  steps.forEach(({ args, result }, i) => {
    for (const each of new Set(args)) {
      if (variables.has(each) && lastUse.get(each) === i) free.push(variables.get(each));
    }
    variables.set(result, free.pop() ?? `$v${count++}`);
  });
  return variables;
}

/**
 * The text of a function `name` of the addresses of its arrays, which may be the same, first of those that it reads and
 * then of those that it only writes; of the number of vectors; and of its numbers.
 *
 * @param {string} name what modules call it
 * @param {Computation} computation
 */
export function lockstepText(name, { reads, writes, numbers = [], sideBySide, formula }) {
  const recorder = new Recorder();
  const values = Object.fromEntries([
    ...reads.map((array) => [array, `$${array}`]),
    ...numbers.map((number) => [number, recorder.number(number)]),
  ]);
  const results = formula(values, recorder);
  const { steps, constants } = recorder;
  const variables = variablesOf(
    reads.map((array) => `$${array}`),
    steps,
    writes.map((array) => results[array]),
  );
  const all = [...new Set(variables.values())];
  const arrays = [...new Set([...reads, ...writes])];
  const lanes = (count) => Array.from({ length: count }, (_, lane) => lane);
  const place = (each, lane) => (constants.has(each) ? each : `${variables.get(each)}_${lane}`);
  const value = (each, lane) => (each.startsWith("(") ? each : `(local.get ${place(each, lane)})`);
  const at = (array) => `(local.get $at_${array})`;
  const load = (array, lane) => `(v128.load offset=${16 * lane} align=4 ${at(array)})`;
  const body = (count) => [
    ...reads.flatMap((array) =>
      lanes(count).map((lane) => `(local.set ${place(`$${array}`, lane)} ${load(array, lane)})`),
    ),
    ...steps.flatMap(({ op, args, result }) =>
      lanes(count).map((lane) => {
        return `(local.set ${place(result, lane)} (${op} ${args.map((each) => value(each, lane)).join(" ")}))`;
      }),
    ),
    ...writes.flatMap((array) =>
      lanes(count).map((lane) => {
        return `(v128.store offset=${16 * lane} align=4 ${at(array)} ${value(results[array], lane)})`;
      }),
    ),
    ...all.flatMap((each) => lanes(count).map((lane) => `(local.set ${each}_${lane} (local.get $nothing))`)),
    ...arrays.map((array) => `(local.set $at_${array} (i32.add ${at(array)} (i32.const ${16 * count})))`),
  ];
  const loop = (label, count) => [
    `(block ${label}_end (loop ${label}`,
    `(br_if ${label}_end (i32.lt_u (local.get $count) (i32.const ${count})))`,
    ...body(count),
    `(local.set $count (i32.sub (local.get $count) (i32.const ${count})))`,
    `(br ${label})))`,
  ];
  return [
    `(func ${name} ${arrays.map((array) => `(param $at_${array} i32)`).join(" ")} (param $count i32)`,
    ...numbers.map((number) => `(param $${number} f32)`),
    "(local $nothing v128)",
    ...[...constants.keys()].map((each) => `(local ${each} v128)`),
    ...all.flatMap((each) => lanes(sideBySide).map((lane) => `(local ${each}_${lane} v128)`)),
    ...[...constants].map(([each, bits]) => `(local.set ${each} ${bits})`),
    ...loop("$several", sideBySide),
    ...loop("$one", 1),
    ")",
  ].join("\n");
}
