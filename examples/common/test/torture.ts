// A run that is disturbed in every way that a machine has: killed at random moments, also while it writes, its newest
// checkpoint damaged, its disk full. It is resumed until it ends, and must end as one that nothing happened to.

import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import type { Random } from "@adjoint/core";
import { readCheckpointFile } from "@adjoint/core/node";
import { type Run, startCommand, startProgram, untilPrinted } from "./processes.js";
import { runBits } from "./run-bits.js";
import { writeSmallMnist } from "./support.js";

/** What was done, and what came of it. */
export interface TortureCounts {
  kills: number;
  damaged: number;
  fullDisks: number;
  fileLimits: number;
  resumes: number;
  /** Times that a run had to start again, since it was killed before its first checkpoint. */
  startedAgain: number;
  /** Times that the newest checkpoint was found damaged and the one before was taken. */
  previousTaken: number;
  /** Runs that ended in the same bits as the undisturbed one. */
  finished: number;
}

/** Where what is tortured lies. */
export interface TortureOptions {
  readonly program: string;
  readonly folder: string;
  readonly random: Random;
  /** Whether a tmpfs can be mounted. */
  readonly canMount: boolean;
}

const ITERATIONS = 40;
const SETTINGS = ["--backend", "wasm", "--iterations", `${ITERATIONS}`, "--batch-size", "4", "--seed", "3"];
// what a bundle has no weights for is not measured
const INTERVALS = ["--sample-interval", "10", "--history-interval", "3", "--no-measures"];
const NEWEST = "checkpoint.safetensors";
const PREVIOUS = "checkpoint.previous.safetensors";

/** Disturbs runs, one after the other. */
export class Torture {
  readonly counts: TortureCounts = {
    kills: 0,
    damaged: 0,
    fullDisks: 0,
    fileLimits: 0,
    resumes: 0,
    startedAgain: 0,
    previousTaken: 0,
    finished: 0,
  };
  readonly #options: TortureOptions;
  readonly #run: string;
  readonly #data: string;
  #expected: Record<string, string> = {};
  /** How long a run trains and writes, in milliseconds. */
  #duration = 0;

  constructor(options: TortureOptions) {
    this.#options = options;
    this.#run = join(options.folder, "run");
    this.#data = writeSmallMnist(join(options.folder, "data"));
  }

  /** Makes the run that nothing happens to. */
  async prepare(): Promise<void> {
    const undisturbed = join(this.#options.folder, "undisturbed");
    const run = this.#start([
      "--data",
      this.#data,
      "--out",
      undisturbed,
      ...SETTINGS,
      ...INTERVALS,
      "--checkpoint-interval",
      "2",
    ]);
    await untilPrinted(run, /^folder/m);
    const began = performance.now();
    await this.#expectEnd(run, 0);
    this.#duration = performance.now() - began;
    this.#expected = await runBits(undisturbed);
  }

  /** Starts or resumes the run and kills it at a random moment, if it has not ended before. */
  async kill(): Promise<void> {
    const run = await this.#goOn();
    // some while it starts, most while it trains and writes
    if (this.#below(6) > 0) await untilPrinted(run, /^folder/m).catch(() => undefined);
    const moment = this.#options.random.uniform() * this.#duration * 0.6;
    await Promise.race([run.ended, new Promise((resolve) => setTimeout(resolve, moment))]);
    const alive = run.child.exitCode === null && run.child.kill("SIGKILL");
    const code = await run.ended;
    if (alive && code === null) this.counts.kills++;
    else await this.#checkFinished(run, code);
  }

  /** Truncates the newest checkpoint or turns a bit in it, where the one before it is whole. */
  async damage(): Promise<void> {
    const [newest, previous] = [join(this.#run, NEWEST), join(this.#run, PREVIOUS)];
    if (!(await isWhole(newest)) || !(await isWhole(previous))) return;
    const { size } = statSync(newest);
    if (this.#below(2) === 0) truncateSync(newest, this.#below(size));
    else {
      const bytes = readFileSync(newest);
      const at = this.#below(size);
      bytes[at] = (bytes[at] as number) ^ (1 << this.#below(8));
      writeFileSync(newest, bytes);
    }
    // a bit that says nothing may have been turned: a space after the header
    if (!(await isWhole(newest))) this.counts.damaged++;
  }

  /** Lets the run go on with files of at most a random size (RLIMIT_FSIZE). */
  async limitFiles(): Promise<void> {
    const args = await this.#arguments();
    const kilobytes = `${this.#below(2700)}`;
    const command = [
      "-c",
      'ulimit -f "$1"; shift; exec "$@"',
      "sh",
      kilobytes,
      process.execPath,
      this.#options.program,
    ];
    await this.#expectFault(startCommand("bash", [...command, ...args]), "fileLimits", /\(EFBIG\)/);
  }

  /** Lets the run go on on a disk that becomes full: a tmpfs little larger than what the run already has. */
  async fillDisk(): Promise<void> {
    if (!this.#options.canMount) return;
    const args = await this.#arguments();
    const kilobytes = `${Math.ceil(sizeOf(this.#run) / 1024) + 64 + this.#below(6000)}`;
    mkdirSync(this.#run, { recursive: true });
    const script =
      'set -e; copy="$1.copy"; rm -rf "$copy"; cp -a "$1" "$copy"; mount -t tmpfs -o "size=$2k" tmpfs "$1"; cp -a "$copy/." "$1"; ' +
      'folder="$1"; shift 2; set +e; "$@"; code=$?; rm -rf "$copy"; cp -a "$folder" "$copy"; exit $code';
    const command = ["--mount", "--map-root-user", "sh", "-c", script, "sh", this.#run, kilobytes];
    const run = startCommand("unshare", [...command, process.execPath, this.#options.program, ...args]);
    await run.ended;
    // what is on the disk of the process is gone with it
    rmSync(this.#run, { recursive: true });
    cpSync(`${this.#run}.copy`, this.#run, { recursive: true });
    await this.#expectFault(run, "fullDisks", /\(ENOSPC\)/);
  }

  /** Lets the run go on to its end. */
  async finish(): Promise<void> {
    const run = await this.#goOn();
    await this.#checkFinished(run, await run.ended);
  }

  async #goOn(): Promise<Run> {
    return this.#start(await this.#arguments());
  }

  /** The options with which a run starts, or goes on, with anything that may change another way each time. */
  async #arguments(): Promise<string[]> {
    const changing = ["--checkpoint-interval", `${1 + this.#below(4)}`, "--threads", `${1 + this.#below(2)}`];
    const there = [NEWEST, PREVIOUS, "checkpoint.next.safetensors"].filter((name) => existsSync(join(this.#run, name)));
    if (there.length > 0) {
      this.counts.resumes++;
      if (existsSync(join(this.#run, NEWEST)) && !(await isWhole(join(this.#run, NEWEST)))) this.counts.previousTaken++;
      return ["--resume", this.#run, ...changing];
    }
    if (existsSync(this.#run)) this.counts.startedAgain++;
    return ["--data", this.#data, "--out", this.#run, "--overwrite", ...SETTINGS, ...INTERVALS, ...changing];
  }

  #start(args: readonly string[]): Run {
    return startProgram(this.#options.program, args);
  }

  /** The run ends, or says in one line that it could not write, and where. */
  async #expectFault(run: Run, count: "fullDisks" | "fileLimits", code: RegExp): Promise<void> {
    const ended = await run.ended;
    if (ended === 0) return this.#checkFinished(run, ended);
    const lines = run.text.errors.trimEnd().split("\n");
    const clear = lines.length === 1 && code.test(run.text.errors) && run.text.errors.includes(this.#run);
    if (ended !== 1 || !clear) throw new Error(`a fault was not told in one line: ${describe(run, ended)}`);
    this.counts[count]++;
  }

  async #expectEnd(run: Run, code: number): Promise<void> {
    const ended = await run.ended;
    if (ended !== code) throw new Error(`a run ended in another way than with ${code}: ${describe(run, ended)}`);
  }

  /** Compares a run that ended with the undisturbed one, and makes room for the next. */
  async #checkFinished(run: Run, code: number | null): Promise<void> {
    if (code !== 0) throw new Error(`a run was not resumed: ${describe(run, code)}`);
    const found = await runBits(this.#run);
    const names = [...new Set([...Object.keys(found), ...Object.keys(this.#expected)])];
    const wrong = names.filter((name) => found[name] !== this.#expected[name]);
    if (wrong.length > 0) throw new Error(`differs from an undisturbed run: ${wrong.join(", ")}`);
    rmSync(this.#run, { recursive: true });
    this.counts.finished++;
  }

  #below(limit: number): number {
    return this.#options.random.integer(limit);
  }
}

/** Whether a tmpfs can be mounted here. */
export async function canMountTmpfs(folder: string): Promise<boolean> {
  const command = ["--mount", "--map-root-user", "mount", "-t", "tmpfs", "tmpfs", folder];
  return startCommand("unshare", command)
    .ended.then((code) => code === 0)
    .catch(() => false);
}

async function isWhole(checkpoint: string): Promise<boolean> {
  return readCheckpointFile(checkpoint).then(
    () => true,
    () => false,
  );
}

function sizeOf(folder: string): number {
  if (!existsSync(folder)) return 0;
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" });
  return names.reduce((sum, name) => sum + Math.ceil(statSync(join(folder, name)).size / 4096) * 4096, 0);
}

function describe({ text }: Run, code: number | null): string {
  return `exit code ${code}\n${text.output}${text.errors}`;
}
