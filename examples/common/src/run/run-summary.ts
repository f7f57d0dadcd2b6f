// What a run's summary.json says: how it was made, on what, how fast, and where it ended.

import { createRequire } from "node:module";
import type { BackendInfo } from "@adjoint/core";
import type { OptionChange } from "../resume.js";
import type { HistoryRow } from "./history.js";

/** How a run stands: at work, or how it ended. */
export type RunStatus =
  | { readonly status: "running" }
  | { readonly status: "finished" }
  | { readonly status: "interrupted"; readonly signal: string }
  | { readonly status: "failed"; readonly error: string };

/** What is known of a run before it starts. */
export interface RunDescription {
  readonly program: string;
  readonly options: Readonly<Record<string, string | number | boolean>>;
  /** Options that changed when the run went on, and after which iteration; absent where none did. */
  readonly changes?: readonly OptionChange[];
  readonly seed: number;
  readonly iterationsAsked: number;
  /** What computed what, and why this backend was taken. */
  readonly backend: BackendInfo & { readonly reason: string };
  readonly data: { readonly source: string; readonly images: number };
  /** Trainable numbers of each model. */
  readonly parameters: Readonly<Record<string, number>>;
  readonly versions: Readonly<Record<string, string>>;
  /** ISO 8601. */
  readonly startedAt: string;
}

/** The whole of summary.json. */
export type RunSummary = RunDescription &
  RunStatus & {
    readonly iterationsDone: number;
    /** Null before the first losses were read. */
    readonly medianMillisecondsPerIteration: number | null;
    readonly totalSeconds: number;
    /** The losses that were read last. */
    readonly last: HistoryRow<string> | null;
    /** Files of the folder that this run writes, and others do not. */
    readonly files: readonly string[];
    /** What was found out about the trained model, where the program does that. */
    readonly measures?: Readonly<Record<string, number>>;
  };

/** Versions of Node, of the library, and of gpu.js where it computes. */
export function usedVersions(backend: BackendInfo): Record<string, string> {
  const versions = { node: process.versions.node, "@adjoint/core": versionOf("@adjoint/core") };
  return backend.name.startsWith("gpu") ? { ...versions, "gpu.js": versionOf("gpu.js") } : versions;
}

function versionOf(packageName: string): string {
  const description: unknown = createRequire(import.meta.url)(`${packageName}/package.json`);
  return (description as { version: string }).version;
}
