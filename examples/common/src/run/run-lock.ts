// One process a run: a file in the run's folder that says which process has it.

import { link, readFile, rm } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { ArgumentError } from "@adjoint/core";
import { writeFileAtomically } from "@adjoint/core/node";

/** The name of the file, inside the run's folder. */
export const LOCK_NAME = "run.lock";

/** Who has a folder. */
interface Owner {
  readonly pid: number;
  readonly host: string;
}

/** A folder that this process has for itself, until it is released. */
export class RunLock {
  readonly #path: string;

  private constructor(path: string) {
    this.#path = path;
  }

  /**
   * Takes a folder, which is there. A lock that a killed process left behind is taken over.
   *
   * @param option the option that named the folder, for messages
   * @throws ArgumentError where another process has it, or one on another machine may; FileSystemError where nothing can
   *   be written there
   */
  static async take(folder: string, option: string): Promise<RunLock> {
    const path = join(folder, LOCK_NAME);
    const own: Owner = { pid: process.pid, host: hostname() };
    // written elsewhere and then given its name, so that nobody reads half of it
    const draft = join(folder, `.${LOCK_NAME}.${own.pid}.tmp`);
    await writeFileAtomically(draft, Buffer.from(`${JSON.stringify(own)}\n`));
    try {
      while (!(await isLinked(draft, path))) {
        const owner = await ownerOf(path);
        if (owner) refuseOwner(owner, own, { folder, path, option });
        await rm(path, { force: true });
      }
    } finally {
      await rm(draft, { force: true });
    }
    return new RunLock(path);
  }

  /** Lets others have the folder. */
  async release(): Promise<void> {
    await rm(this.#path, { force: true });
  }
}

/** Gives a file another name; false where there is a file of that name. */
async function isLinked(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

/** Undefined where the file is gone by now, or is none of ours. */
async function ownerOf(path: string): Promise<Owner | undefined> {
  try {
    const owner: Partial<Owner> | null = JSON.parse(await readFile(path, "utf8"));
    return typeof owner?.pid === "number" && typeof owner.host === "string" ? (owner as Owner) : undefined;
  } catch {
    return undefined;
  }
}

/** Throws unless the owner is known to have ended. */
function refuseOwner(
  { pid, host }: Owner,
  own: Owner,
  { folder, path, option }: { folder: string; path: string; option: string },
): void {
  if (host !== own.host) {
    const problem = `process ${pid} on ${host} is at work in ${folder}, or was killed there`;
    throw new ArgumentError(option, `${problem}; wait for its end, or delete ${path} if it has ended`);
  }
  if (isAlive(pid)) {
    throw new ArgumentError(option, `process ${pid} is at work in ${folder}; wait for its end, or end it`);
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // it lives, and belongs to somebody else
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
