// A run's folder: made without touching an earlier run, and written so that a file is there whole or not at all.

import { existsSync } from "node:fs";
import { mkdir, readdir, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { ArgumentError } from "@adjoint/core";

/** Names inside the folder. */
export const RUN_FILES = {
  history: "history.csv",
  chart: "losses.svg",
  picture: "gallery.png",
  summary: "summary.json",
  page: "index.html",
  samples: "samples",
} as const;

const SAMPLE_NAME = /^\d{6,}\.png$/;

/** A folder that one run writes into. */
export class RunFolder {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  /**
   * Makes the folder, and the ones above it.
   *
   * @param path a folder that holds no run, unless `overwrite` says to delete that run's files; other files stay.
   *   Without a path, a new folder `runs/<program>-<date>-<time>` in the current one
   * @throws ArgumentError where a run is there
   */
  static async create(
    program: string,
    { path, overwrite }: { path?: string | undefined; overwrite: boolean },
  ): Promise<RunFolder> {
    const folder = new RunFolder(path ?? unusedName(join("runs", `${program}-${timestamp(new Date())}`)));
    const former = await folder.#formerFiles();
    if (former.length > 0 && !overwrite) {
      throw new ArgumentError("--out", `${folder.path} already holds a run; name another folder, or add --overwrite`);
    }
    for (const name of former) await rm(join(folder.path, name));
    await mkdir(join(folder.path, RUN_FILES.samples), { recursive: true });
    return folder;
  }

  /** Writes a file under its name in the folder, beside it first, so that no reader ever sees half of it. */
  async write(name: string, content: string | Uint8Array): Promise<void> {
    const path = join(this.path, name);
    const temporary = join(dirname(path), `.${process.pid}.partial`);
    try {
      await writeFile(temporary, content);
      await rename(temporary, path);
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
  }

  async #formerFiles(): Promise<string[]> {
    const { samples, ...files } = RUN_FILES;
    const single = Object.values(files).filter((name) => existsSync(join(this.path, name)));
    const folder = join(this.path, samples);
    const pictures = existsSync(folder) ? (await readdir(folder)).filter((name) => SAMPLE_NAME.test(name)) : [];
    return [...single, ...pictures.map((name) => join(samples, name))];
  }
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
