// A run's folder: made without touching an earlier run, and written so that a file is there whole or not at all.

import { existsSync, readFileSync, statSync } from "node:fs";
import { mkdir, readdir, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { ArgumentError } from "@adjoint/core";
import { writeFileAtomically } from "@adjoint/core/node";
import { RunLock } from "./run-lock.js";

/** Names inside the folder. */
export const RUN_FILES = {
  history: "history.csv",
  chart: "losses.svg",
  picture: "gallery.png",
  summary: "summary.json",
  page: "index.html",
  checkpoint: "checkpoint.safetensors",
  previousCheckpoint: "checkpoint.previous.safetensors",
  nextCheckpoint: "checkpoint.next.safetensors",
  samples: "samples",
} as const;

/** What every run writes beside its samples. */
const COMMON_FILES: ReadonlySet<string> = new Set(
  Object.values(RUN_FILES).filter((name) => name !== RUN_FILES.samples),
);

const SAMPLE_NAME = /^\d{6,}\.png$/;

/** What a process that was killed while it wrote leaves behind (see `writeFileAtomically`). */
const LEFT_BEHIND = /^\..+\.tmp$/;

/** A folder that one run writes into, and no other process meanwhile. */
export class RunFolder {
  readonly path: string;
  /** Names of the files that this run writes, and others do not. */
  readonly #ownFiles: Set<string>;
  #lock: RunLock | undefined;

  private constructor(path: string, ownFiles: readonly string[]) {
    this.path = path;
    this.#ownFiles = new Set(ownFiles);
  }

  /** Names of the files that this run writes, and others do not; its summary tells them to a run that takes its place. */
  get ownFiles(): readonly string[] {
    return [...this.#ownFiles];
  }

  /**
   * Makes the folder, and the ones above it.
   *
   * @param path a folder that holds no run, unless `overwrite` says to delete that run's files; other files stay.
   *   Without a path, a new folder `runs/<program>-<date>-<time>` in the current one
   * @param ownFiles names of the files that this program writes beside those of every run
   * @throws ArgumentError where a run is there, or another process is at work
   */
  static async create(
    program: string,
    { path, overwrite }: { path?: string | undefined; overwrite: boolean },
    ownFiles: readonly string[] = [],
  ): Promise<RunFolder> {
    const name = path ?? unusedName(join("runs", `${program}-${timestamp(new Date())}`));
    const folder = new RunFolder(name, ownFiles);
    if (!overwrite && (await folder.#formerFiles()).length > 0) {
      throw new ArgumentError("--out", `${folder.path} already holds a run; name another folder, or add --overwrite`);
    }
    await mkdir(join(folder.path, RUN_FILES.samples), { recursive: true });
    return folder.#taken("--out", async () => {
      for (const former of await folder.#formerFiles()) await rm(join(folder.path, former));
    });
  }

  /**
   * Opens the folder of a run to go on with it, and removes what a killed process left half-written.
   *
   * @throws ArgumentError where there is none, or another process is at work in it
   */
  static async open(path: string): Promise<RunFolder> {
    if (!statSync(path, { throwIfNoEntry: false })?.isDirectory()) {
      throw new ArgumentError("--resume", `there is no folder ${path}`);
    }
    const folder = new RunFolder(path, namedInSummary(path));
    await mkdir(join(path, RUN_FILES.samples), { recursive: true });
    return folder.#taken("--resume", async () => {
      for (const name of await folder.#leftBehind()) await rm(join(path, name), { force: true });
    });
  }

  /** Lets other processes have the folder. */
  async close(): Promise<void> {
    await this.#lock?.release();
    this.#lock = undefined;
  }

  /** This folder, once this process has it for itself and `prepare` has made it ready. */
  async #taken(option: string, prepare: () => Promise<void>): Promise<this> {
    this.#lock = await RunLock.take(this.path, option);
    try {
      await prepare();
      return this;
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  /** Where a file of the run is, or will be. */
  pathOf(name: string): string {
    return join(this.path, name);
  }

  /**
   * Writes a file under its name in the folder, all or nothing (see `writeFileAtomically`).
   *
   * @throws FileSystemError with one line that names the path
   */
  async write(name: string, content: string | Uint8Array): Promise<void> {
    if (!COMMON_FILES.has(name) && basename(name) === name) this.#ownFiles.add(name);
    await writeFileAtomically(this.pathOf(name), typeof content === "string" ? Buffer.from(content) : content);
  }

  /** Removes the pictures of all iterations but those that `isKept` says, and returns these in order. */
  async keepSamples(isKept: (iteration: number) => boolean): Promise<number[]> {
    const iterations = (await this.#sampleNames()).map((name) => Number.parseInt(name, 10));
    for (const iteration of iterations) if (!isKept(iteration)) await rm(this.pathOf(sampleName(iteration)));
    return iterations.filter(isKept).sort((a, b) => a - b);
  }

  async #formerFiles(): Promise<string[]> {
    const names = new Set([...COMMON_FILES, ...this.#ownFiles, ...namedInSummary(this.path)]);
    const single = [...names].filter((name) => existsSync(join(this.path, name)));
    const pictures = await this.#sampleNames();
    return [...single, ...pictures.map((name) => join(RUN_FILES.samples, name)), ...(await this.#leftBehind())];
  }

  async #sampleNames(): Promise<string[]> {
    return (await namesIn(join(this.path, RUN_FILES.samples))).filter((name) => SAMPLE_NAME.test(name));
  }

  async #leftBehind(): Promise<string[]> {
    const inSamples = (await namesIn(join(this.path, RUN_FILES.samples))).map((name) => join(RUN_FILES.samples, name));
    return [...(await namesIn(this.path)), ...inSamples].filter((name) => LEFT_BEHIND.test(basename(name)));
  }
}

/** The files that a folder's summary says its run alone wrote; none where it cannot be read. */
function namedInSummary(folder: string): string[] {
  try {
    const { files }: { files?: unknown } = JSON.parse(readFileSync(join(folder, RUN_FILES.summary), "utf8"));
    const names: readonly unknown[] = Array.isArray(files) ? files : [];
    // nothing outside the folder, whatever it says there
    return names.filter((name): name is string => typeof name === "string" && /^[\w-]+(\.[\w-]+)+$/.test(name));
  } catch {
    return [];
  }
}

async function namesIn(folder: string): Promise<string[]> {
  return existsSync(folder) ? readdir(folder) : [];
}

/** The name of the picture taken at an iteration, inside the run's folder. */
export function sampleName(iteration: number): string {
  return `${RUN_FILES.samples}/${String(iteration).padStart(6, "0")}.png`;
}

/** Local date and time as `20250131-235959`. */
function timestamp(now: Date): string {
  const two = (value: number) => String(value).padStart(2, "0");
  const date = `${now.getFullYear()}${two(now.getMonth() + 1)}${two(now.getDate())}`;
  return `${date}-${two(now.getHours())}${two(now.getMinutes())}${two(now.getSeconds())}`;
}

function unusedName(name: string): string {
  if (!existsSync(name)) return name;
  let count = 2;
  while (existsSync(`${name}-${count}`)) count++;
  return `${name}-${count}`;
}
