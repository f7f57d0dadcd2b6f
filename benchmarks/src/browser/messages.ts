// What travels between a page and the process that asks it: JSON, in which arrays of float32 are texts of their bytes.

import type { Task } from "../contestants/protocol.js";

/** Who computes in the page, by the names that tables call them. */
export const COMPETITORS = [
  "adjoint gpu:webgpu",
  "adjoint gpu:webgl2",
  "jax-js webgpu",
  "tfjs webgpu",
  "tfjs webgl",
  "gpu.js webgpu",
  "gpu.js webgl2",
] as const;

/** One of them. */
export type CompetitorName = (typeof COMPETITORS)[number];

/** What a page can be asked. Its answers are results as texts, and milliseconds. */
export interface BenchmarkPage {
  /** Makes work ready under a name, does it once, and returns what it gives. */
  prepare(competitor: CompetitorName, key: string, task: string): Promise<string>;
  /** Does prepared work that often, after one call that is not counted. */
  time(competitor: CompetitorName, key: string, calls: number): Promise<number>;
  forget(competitor: CompetitorName, key: string): Promise<void>;
  /** The adapter of WebGPU and the renderer of WebGL. */
  devices(): Promise<string>;
}

/** Values as text. */
export function encodeValues(values: Float32Array): string {
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  const parts: string[] = [];
  // as many arguments as a call takes for sure
  for (let i = 0; i < bytes.length; i += 4096) parts.push(String.fromCharCode(...bytes.subarray(i, i + 4096)));
  return btoa(parts.join(""));
}

/** The values of a text. */
export function decodeValues(text: string): Float32Array {
  return new Float32Array(Uint8Array.from(atob(text), (character) => character.charCodeAt(0)).buffer);
}

/** A task as text. */
export function encodeTask(task: Task): string {
  return JSON.stringify(task, (_, value: unknown) =>
    value instanceof Float32Array ? { float32: encodeValues(value) } : value,
  );
}

/** The task of a text. */
export function decodeTask(text: string): Task {
  return JSON.parse(text, (_, value: { readonly float32?: string } | null) =>
    typeof value === "object" && value?.float32 !== undefined ? decodeValues(value.float32) : value,
  );
}
