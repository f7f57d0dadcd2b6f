// 256-bit vectors, in Node. WebAssembly has vectors of 128 bits, but V8 can join two neighbouring ones when it compiles,
// and the kernels are written so that it finds them: twice as many lanes for the same instructions, each with the bits
// that it has alone. V8 calls that an experiment, so its flags are others only while the kernels are compiled; that holds
// for all threads of the process, though. Whether it came to anything is measured.

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

/** Rows, columns and inner size of the product that is timed: some hundredths of a millisecond. */
const SIZE = [64, 64, 128] as const;
const TIMES = 15;
/** Wide tiles take 0.9 of the time of others where two vectors are computed as one, and 1.7 where they are not. */
const SLOWER = 1.25;

/**
 * Refuses an engine whose tiles are not faster for being wide: then nothing joins their vectors.
 *
 * @throws BackendError
 */
export function requireWide({ kernels, memory }: Engine): void {
  const [m, n, k] = SIZE;
  const sizes = [4 * m * k, kernels.packedSize(k, n), 4 * m * n, kernels.productScratch(0, 0)];
  const total = sizes.reduce((sum, size) => sum + size, 0);
  memory.lend(total, (a) => {
    const [b, c, scratch] = [
      a + 4 * m * k,
      a + 4 * m * k + kernels.packedSize(k, n),
      a + total - kernels.productScratch(0, 0),
    ];
    const fastest = [0, Infinity, Infinity];
    // by turns, and two at last
    for (let i = 0; i < 2 * TIMES; i++) {
      const panels = 1 + (i % 2);
      kernels.takePanels(panels);
      const began = performance.now();
      kernels.productRows(a, 0, b, 0, c, m, n, k, 0, m, 0, scratch, 0, -1, 0, 0);
      fastest[panels] = Math.min(fastest[panels] as number, performance.now() - began);
    }
    if ((fastest[2] as number) > SLOWER * (fastest[1] as number)) {
      throw new BackendError(
        "wasm",
        "`wide` needs a processor with vectors of 256 bits (AVX2), and this V8 to use them",
      );
    }
  });
}
