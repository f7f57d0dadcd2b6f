// How requests travel to the process of a contestant and answers back: structured clones to Node, lines of JSON to
// Python, with arrays of floats in base64.

import { type ChildProcess, fork, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { Answer, ContestantSpec, Request } from "./protocol.js";

/** A process that answers requests. */
export interface Channel {
  send(request: Request): void;
  close(): void;
}

/** Who listens to a channel. */
export interface Listener {
  answered(answer: Answer): void;
  /** The process is gone, with this reason. Nothing more will be answered. */
  ended(reason: string): void;
}

/**
 * Where a process has nothing to do for seconds, V8 collects, gives memory back, and throws away the code of functions
 * and the shapes of objects that were not used for a while. A library that waits for its turn would then be compiled anew
 * in it: a GAN's iteration took half as long again, of adjoint and of its peers. A training never waits.
 */
const NODE_FLAGS: string[] = ["--no-flush-bytecode", "--no-memory-reducer", "--retain-maps-for-n-gc=1000000"];

/** Starts a contestant that runs in Node. */
export function startNode(spec: ContestantSpec, listener: Listener): Channel {
  const script = fileURLToPath(new URL("./contestant.js", import.meta.url));
  const child = fork(script, [JSON.stringify(spec)], {
    serialization: "advanced",
    execArgv: NODE_FLAGS,
    env: environmentFor(spec),
    stdio: ["ignore", "ignore", "pipe", "ipc"],
  });
  listenForTheEnd(child, listener);
  child.on("message", (answer) => listener.answered(answer as Answer));
  return { send: (request) => void child.send(request), close: () => void child.kill() };
}

/** Starts a contestant that runs in Python, with the given interpreter. */
export function startPython(python: string, spec: ContestantSpec, listener: Listener): Channel {
  // beside the sources, wherever the bundle lies
  const script = fileURLToPath(new URL("../src/contestants/peer.py", import.meta.url));
  const child = spawn(python, [script, spec.library, String(spec.threads)], {
    env: environmentFor(spec),
    stdio: ["pipe", "pipe", "pipe"],
  });
  listenForTheEnd(child, listener);
  child.stdin.on("error", () => {}); // "close" tells that it is gone
  createInterface(child.stdout).on("line", (line) => listener.answered(JSON.parse(line, decodeFloats)));
  return {
    send: (request) => void child.stdin.write(`${JSON.stringify(request, encodeFloats)}\n`),
    close: () => void child.kill(),
  };
}

/** The environment in which every kind of BLAS and OpenMP uses so many threads, and OpenBLAS the kernels it is told. */
function environmentFor({ threads, blasCore }: ContestantSpec): NodeJS.ProcessEnv {
  const names = ["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS"];
  return {
    ...process.env,
    ...Object.fromEntries(names.map((name) => [name, String(threads)])),
    ...(blasCore ? { OPENBLAS_CORETYPE: blasCore } : {}),
  };
}

function listenForTheEnd(child: ChildProcess, listener: Listener): void {
  let lastLine = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    lastLine = text.trim().split("\n").at(-1) || lastLine;
  });
  child.on("error", (error) => listener.ended(error.message));
  child.on("close", (code, signal) => listener.ended(lastLine || `it ended with ${signal ?? `exit code ${code}`}`));
}

/** What stands for an array of floats in a line of JSON. */
interface EncodedFloats {
  readonly float32: string;
}

function encodeFloats(_key: string, value: unknown): unknown {
  if (!(value instanceof Float32Array)) return value;
  const encoded: EncodedFloats = {
    float32: Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("base64"),
  };
  return encoded;
}

function decodeFloats(_key: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null || !("float32" in value)) return value;
  const bytes = Uint8Array.from(Buffer.from(String(value.float32), "base64"));
  return new Float32Array(bytes.buffer);
}
