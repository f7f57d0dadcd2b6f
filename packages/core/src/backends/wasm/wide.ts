// 256-bit vectors, in Node. WebAssembly has vectors of 128 bits, but V8 can join two neighbouring ones when it compiles,
// and the kernels are written so that it finds them: twice as many lanes for the same instructions, each with the bits
// that it has alone. V8 calls that an experiment, so its flags are others only while the kernels are compiled; that holds
// for all threads of the process, though. Whether it joined any is seen from where they trap.

import { BackendError } from "../../errors.js";
import type { Engine } from "./engine.js";
import { nodeModule } from "./node-module.js";

interface NodeEngine {
  setFlagsFromString(flag: string): void;
}
interface NodeProcess {
  readonly arch?: string;
  readonly execArgv?: readonly string[];
  readonly versions?: { readonly node?: string; readonly bun?: string; readonly deno?: string };
}

/** The first Node whose V8 joins the vectors of these kernels. */
const FIRST_NODE = 24;

/**
 * Flags of V8, and whether each is on as a rule. The optimizing compiler alone can join vectors, so it compiles every
 * kernel at once. It must not inline: for that it asks what the first compiler has counted, which never ran.
 */
const FLAGS: readonly (readonly [name: string, usual: boolean])[] = [
  ["experimental-wasm-revectorize", false],
  ["liftoff", true],
  ["wasm-dynamic-tiering", true],
  ["wasm-inlining", true],
  ["wasm-lazy-compilation", true],
];

/** A section that engines skip: V8 would find the same bytes, compiled before without the flags, and take those. */
const MARK = [0, 5, 4, ...[..."wide"].map((letter) => letter.charCodeAt(0))];

/**
 * Compiles modules with 256-bit vectors. No other thread may compile WebAssembly meanwhile.
 *
 * @throws BackendError where this is not a Node that can
 */
export function compileWide(modules: readonly Uint8Array<ArrayBuffer>[]): WebAssembly.Module[] {
  const { process } = globalThis as { process?: NodeProcess };
  const { node, bun, deno } = process?.versions ?? {};
  const engine = nodeModule<NodeEngine>("node:v8");
  const isNode = engine && !bun && !deno;
  if (!isNode || Number.parseInt(node ?? "", 10) < FIRST_NODE || process?.arch !== "x64") {
    const here = isNode ? `this is Node ${node} on ${process?.arch}` : "this is not Node";
    throw new BackendError("wasm", `\`wide\` needs Node ${FIRST_NODE} or newer on x64; ${here}`);
  }
  const marked = modules.map((bytes) => Uint8Array.from([...bytes, ...MARK]));
  const set = (name: string, on: boolean) => engine.setFlagsFromString(`--${on ? "" : "no-"}${name}`);
  try {
    for (const [name, usual] of FLAGS) set(name, !usual);
    return marked.map((bytes) => new WebAssembly.Module(bytes));
  } finally {
    const given = givenFlags(process?.execArgv ?? []);
    for (const [name, usual] of FLAGS) set(name, given.get(name) ?? usual);
  }
}

/** The flags that the process was started with, and whether each was switched on; the last word counts. */
function givenFlags(args: readonly string[]): ReadonlyMap<string, boolean> {
  return new Map(
    args.map((arg) => {
      const [, no, name = ""] = /^--(no-?)?(.*)$/.exec(arg.replace(/_/g, "-")) ?? [];
      return [name, !no];
    }),
  );
}

/** Bytes of a 128-bit vector, and the size of the smallest product that takes a tile of two panels. */
const [VECTOR, ROWS, COLUMNS] = [16, 4, 16];

/**
 * Refuses an engine whose tiles V8 has not joined to 256-bit vectors: without AVX2, say.
 *
 * No API tells how V8 compiled a function, but the position of a trap does. A tile stores its first row across the end
 * of the memory, first with no vector inside and then with one. Two 128-bit stores trap at the first store and then at
 * the second. A 256-bit store stands for both, and traps at the same place each time.
 *
 * @param engine one on which nothing runs
 * @throws BackendError
 */
export function requireWide(engine: Engine): void {
  const [first, second, third] = trapPositions(engine, [0, VECTOR, 2 * VECTOR]);
  // the third store belongs to the next pair: positions that do not differ there say nothing
  if (first !== undefined && first === second && first !== third) return;
  throw new BackendError("wasm", "`wide` needs a processor with 256-bit vectors (AVX2), and a V8 that uses them");
}

/** Where a tile traps, as an offset in the module, with these numbers of bytes of its first row inside the memory. */
function trapPositions({ kernels, memory, wide }: Engine, inside: readonly number[]): (number | undefined)[] {
  const [packed, scratch] = [kernels.packedSize(1, COLUMNS), kernels.productScratch(0, 0)];
  const positions: (number | undefined)[] = [];
  memory.lend(4 * ROWS + packed + scratch, (a) => {
    const b = a + 4 * ROWS;
    const end = memory.buffer.byteLength;
    const last = new Uint8Array(memory.buffer, end - Math.max(...inside));
    const before = last.slice();
    kernels.takePanels(2);
    for (const bytes of inside) {
      const product = [a, 0, b, 0, end - bytes, ROWS, COLUMNS, 1, 0, ROWS, 0, b + packed, 0, -1, 0, 0];
      positions.push(trapPosition(() => kernels.productRows(...product)));
    }
    kernels.takePanels(wide ? 2 : 1);
    last.set(before);
  });
  return positions;
}

/** The offset in its module of the instruction at which WebAssembly traps in `fn`; undefined where it does not. */
function trapPosition(fn: () => void): number | undefined {
  const { stackTraceLimit, prepareStackTrace } = Error;
  try {
    Error.stackTraceLimit = 1;
    // V8 gives this offset as the column
    Error.prepareStackTrace = (_, [frame]) => frame?.getColumnNumber();
    fn();
    return undefined;
  } catch (error) {
    if (!(error instanceof WebAssembly.RuntimeError)) throw error;
    const position: unknown = error.stack;
    return typeof position === "number" ? position : undefined;
  } finally {
    Object.assign(Error, { stackTraceLimit, prepareStackTrace });
  }
}
