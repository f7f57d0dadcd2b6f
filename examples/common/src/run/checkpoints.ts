// A run's checkpoints: the newest and the one before it. At every moment, also when the process is killed or the disk
// is full, at least one of them is whole.

import { rename, rm } from "node:fs/promises";
import { DataError } from "@adjoint/core";
import type { Checkpoint, CheckpointContent } from "@adjoint/core/io";
import { FileFormatError, FileSystemError, readCheckpointFile, saveCheckpoint } from "@adjoint/core/node";
import { RUN_FILES, type RunFolder } from "./run-folder.js";

/** A checkpoint to go on from. */
export interface FoundCheckpoint {
  readonly checkpoint: Checkpoint;
  readonly path: string;
  /** What was wrong with the newer ones. */
  readonly problems: readonly string[];
}

/** The newest first. One that was written but not yet in its place comes second: it is whole, or not there at all. */
const CANDIDATES = [RUN_FILES.checkpoint, RUN_FILES.nextCheckpoint, RUN_FILES.previousCheckpoint] as const;

/** Saves and finds checkpoints in a run's folder. */
export class RunCheckpoints {
  readonly #folder: RunFolder;
  /** Whether the newest is one to keep: a damaged one must not take the place of a good one. */
  #newestIsGood = false;
  #last: { readonly path: string; readonly iteration: number } | undefined;

  constructor(folder: RunFolder) {
    this.#folder = folder;
  }

  /** The checkpoint that was saved or loaded last, in words. */
  get last(): string {
    if (!this.#last) return "there is no checkpoint";
    return `the last good checkpoint is ${this.#last.path}, of iteration ${this.#last.iteration}`;
  }

  /**
   * Saves a checkpoint; the newest becomes the one before.
   *
   * @throws what `saveCheckpoint` throws; the former checkpoints are as they were then
   */
  async save(iteration: number, content: CheckpointContent): Promise<void> {
    const [newest, next, previous] = CANDIDATES.map((name) => this.#folder.pathOf(name)) as [string, string, string];
    await saveCheckpoint(next, content);
    if (this.#newestIsGood) await rename(newest, previous);
    await rename(next, newest);
    this.#newestIsGood = true;
    this.#last = { path: newest, iteration };
  }

  /**
   * Finds the newest checkpoint that is whole.
   *
   * @param iterationOf reads the iteration from what was saved as progress
   * @throws DataError that says what is wrong with each where none is whole
   */
  async load(iterationOf: (progress: unknown) => number): Promise<FoundCheckpoint> {
    const problems: string[] = [];
    for (const name of CANDIDATES) {
      const path = this.#folder.pathOf(name);
      try {
        const checkpoint = await readCheckpointFile(path);
        const place = await this.#settle(name);
        this.#last = { path: place, iteration: iterationOf(checkpoint.progress) };
        return { checkpoint, path: place, problems };
      } catch (error) {
        if (!(error instanceof FileFormatError || error instanceof FileSystemError)) throw error;
        const interrupted = name === RUN_FILES.nextCheckpoint && isAbsent(error);
        if (!interrupted) problems.push(error.message);
      }
    }
    throw new DataError("--resume", `${this.#folder.path} has no checkpoint to go on from: ${problems.join("; ")}`);
  }

  /** Remembers whether the newest is good, and ends a replacement that was cut off. Returns where the file now is. */
  async #settle(name: (typeof CANDIDATES)[number]): Promise<string> {
    const [path, newest] = [this.#folder.pathOf(name), this.#folder.pathOf(RUN_FILES.checkpoint)];
    this.#newestIsGood = name !== RUN_FILES.previousCheckpoint;
    if (name === RUN_FILES.nextCheckpoint) {
      await rename(path, newest);
      return newest;
    }
    // one that stayed on its way belongs to a future that is not gone into: its rows may be cut off from here on
    await rm(this.#folder.pathOf(RUN_FILES.nextCheckpoint), { force: true });
    return path;
  }
}

function isAbsent(error: FileFormatError | FileSystemError): boolean {
  return error instanceof FileSystemError && error.code === "ENOENT";
}
