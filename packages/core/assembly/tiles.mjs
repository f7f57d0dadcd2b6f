// The innermost loops of a product, as WebAssembly text. Their speed hangs on two things that are lost on the way through
// a compiler.
//
// The order. Processors take two products and then two sums up to a fifth faster than a product and a sum by turns. V8
// keeps the order of a module from Node 24 on; AssemblyScript's optimizer does not. Before that, V8 orders a block
// itself, from its end: each sum with its product, unless something needs two sums at once; see `together`.
//
// The length of a turn. Engines look for interrupts once in every turn of a loop, which takes as long as a third of a
// step. So a turn has many steps, each with its own way out; between them an engine can move nothing, and keeps the
// values of a step in registers.
//
// Tiles of two panels are for vectors of 256 bits, which V8 makes of two neighbouring ones: see wide.ts. Of one panel,
// loads would then set the pace, five for four products; of two they are six for eight. Unjoined, they are slow: their
// values do not fit the registers of x64.

/** Rows of a tile, and vectors of four columns that a panel of B is wide; packing.ts packs for the same sizes. */
const [ROWS, VECTORS] = [4, 2];
/** Steps in a turn of the loop, by how many panels of B are read: a step of two is long, and few of them fill a turn. */
const STEPS = [0, 32, 8];

const count = (length) => Array.from({ length }, (_, i) => i);
const rows = count(ROWS);

const get = (name) => `(local.get ${name})`;
const set = (name, value) => `(local.set ${name} ${value})`;
const add = (name, value) => set(name, `(i32.add ${get(name)} ${value})`);
const constant = (value) => `(i32.const ${value})`;
const load = (at, offset) => `(v128.load offset=${offset} align=4 ${get(at)})`;
const lines = (list) => list.join("\n");
/** Where the panel of B is read that has a vector of a row. */
const panelOf = (vector) => `$panel${Math.floor(vector / VECTORS)}`;

/** One inner index: a row of each panel of B in two vectors, and each value of a column of A times all of them. */
function step(index, vectors, fused) {
  const splat = (row) => set("$a0", `(v128.load32_splat offset=${4 * row} ${get("$a")})`);
  const product = (vector) => `(f32x4.mul ${get("$a0")} ${get(`$b${vector}`)})`;
  const sum = (cell, vector) =>
    fused
      ? set(cell, `(f32x4.relaxed_madd ${get("$a0")} ${get(`$b${vector}`)} ${get(cell)})`)
      : set(cell, `(f32x4.add ${get(`$p${vector}`)} ${get(cell)})`);
  return lines([
    ...vectors.map((vector) => set(`$b${vector}`, load(panelOf(vector), 16 * (VECTORS * index + (vector % VECTORS))))),
    ...rows.flatMap((row) => [
      splat(row),
      ...(fused ? [] : vectors.map((vector) => set(`$p${vector}`, product(vector)))),
      ...vectors.map((vector) => sum(`$c${row}${vector}`, vector)),
    ]),
    add("$a", constant(4 * ROWS)),
  ]);
}

/**
 * What is never done, as no row is 0 bytes long: it takes the sums of each row together, and all that V8 orders from
 * there follows two by two, sums and products, through all steps of the turn. What it stores is written over later.
 */
function together(vectors) {
  const all = (row) => vectors.map((vector) => get(`$c${row}${vector}`)).reduce((a, b) => `(v128.xor ${a} ${b})`);
  return `(if (i32.eqz ${get("$pitch")}) (then ${rows.map((row) => `(v128.store ${get("$c")} ${all(row)})`).join(" ")}))`;
}

/**
 * The text of a function `name`: `count` tiles of C, each 4×8 and under the one before, rows `pitch` bytes apart, = or
 * += `k` terms of as many panels of A times one of B. `k` and `count` are at least 1. With two panels of B, which lie
 * `apart` bytes one after the other, tiles are 4×16.
 *
 * @param name what modules call it
 * @param panels of B, 1 or 2
 * @param fused whether a product and its sum are rounded together, in relaxed SIMD
 */
export function tilesText(name, { panels = 1, fused = false } = {}) {
  const parameters = ["$k", "$a", "$b", "$c", "$pitch", "$accumulate", "$count", "$apart"];
  const vectors = count(panels * VECTORS);
  const reading = count(panels).map((panel) => `$panel${panel}`);
  const cells = rows.flatMap((row) => vectors.map((vector) => ({ row, vector, cell: `$c${row}${vector}` })));
  const addresses = [...reading, "$end", ...rows.slice(1).map((row) => `$row${row}`)];
  const values = ["$a0", ...vectors.flatMap((vector) => [`$b${vector}`, `$p${vector}`]), ...cells.map(({ cell }) => cell)];
  const rowAt = (row) => (row ? `$row${row}` : "$c");
  const steps = count(STEPS[panels]).map((index) => step(index, vectors, fused));
  return `(func ${name} ${parameters.map((each) => `(param ${each} i32)`).join(" ")}
${addresses.map((each) => `(local ${each} i32)`).join(" ")}
${values.map((each) => `(local ${each} v128)`).join(" ")}
(loop $tile
${lines(rows.slice(1).map((row) => set(rowAt(row), `(i32.add ${get(rowAt(row - 1))} ${get("$pitch")})`)))}
(if ${get("$accumulate")}
(then ${lines(cells.map(({ row, vector, cell }) => set(cell, load(rowAt(row), 16 * vector))))})
(else ${lines(cells.map(({ cell }) => set(cell, "(v128.const i32x4 0 0 0 0)")))}))
${lines(reading.map((at, i) => set(at, i ? `(i32.add ${get("$b")} ${get("$apart")})` : get("$b"))))}
${set("$end", `(i32.add ${get("$a")} (i32.mul ${get("$k")} ${constant(4 * ROWS)}))`)}
(block $done
(loop $turn
${steps.join(`\n(br_if $done (i32.ge_u ${get("$a")} ${get("$end")}))\n`)}
${lines(reading.map((at) => add(at, constant(16 * VECTORS * steps.length))))}
${together(vectors)}
(br_if $turn (i32.lt_u ${get("$a")} ${get("$end")}))))
${lines(cells.map(({ row, vector, cell }) => `(v128.store offset=${16 * vector} align=4 ${get(rowAt(row))} ${get(cell)})`))}
${set("$c", `(i32.add ${get(rowAt(ROWS - 1))} ${get("$pitch")})`)}
(br_if $tile (local.tee $count (i32.sub ${get("$count")} ${constant(1)})))))`;
}
