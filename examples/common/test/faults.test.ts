// What the machine refuses: a full disk, files that may not grow, a folder without permission. One line that names the
// path, and the last good checkpoint stays, from which the run goes on in the same bits.

import { chmodSync, cpSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { readCheckpointFile } from "@adjoint/core/node";
import { beforeAll, describe, expect, it } from "vitest";
import { buildProgram, type Run, startCommand, startProgram } from "./processes.js";
import { runBits } from "./run-bits.js";
import { temporaryFolder, writeSmallMnist } from "./support.js";
import { canMountTmpfs } from "./torture.js";

let program: string;

beforeAll(async () => {
  program = await buildProgram("faults");
});

const OPTIONS = ["--backend", "wasm", "--iterations", "12", "--batch-size", "2", "--sample-interval", "3"];
const INTERVALS = ["--history-interval", "1", "--checkpoint-interval", "2"];

/** Folders of a test that any user may read and write. */
function folders(): { data: string; folder: string } {
  const all = temporaryFolder();
  chmodSync(all, 0o777);
  return { data: writeSmallMnist(join(all, "data")), folder: join(all, "run") };
}

async function undisturbed(data: string): Promise<Record<string, string>> {
  const folder = join(temporaryFolder(), "run");
  const run = startProgram(program, [...OPTIONS, ...INTERVALS, "--data", data, "--out", folder]);
  expect(await run.ended).toBe(0);
  return runBits(folder);
}

/** The run ended with one line that names a path inside of `folder`, and what the system said. */
async function expectRefusal({ ended, text }: Run, folder: string, code: string): Promise<void> {
  expect(await ended, text.output + text.errors).toBe(1);
  expect(text.errors.trimEnd().split("\n")).toHaveLength(1);
  expect(text.errors).toContain(folder);
  expect(text.errors).toContain(`(${code})`);
}

/** The run has a good checkpoint, and goes on from there to the end of an undisturbed one. */
async function expectGoingOn(
  folder: string,
  data: string,
  output: string,
  options: readonly string[] = [],
): Promise<void> {
  const { progress } = await readCheckpointFile(join(folder, "checkpoint.safetensors"));
  const { iteration } = progress as { iteration: number };
  expect(output).toContain(
    `the last good checkpoint is ${join(folder, "checkpoint.safetensors")}, of iteration ${iteration}`,
  );
  expect(iteration).toBeLessThan(12);
  const run = startProgram(program, ["--resume", folder, ...options]);
  expect(await run.ended, run.text.errors).toBe(0);
  expect(await runBits(folder)).toEqual(await undisturbed(data));
}

describe("a full disk", () => {
  it("is told in one line, and the last good checkpoint stays", async (context) => {
    const { data, folder } = folders();
    if (!(await canMountTmpfs(join(data, "..")))) {
      context.skip("no tmpfs can be mounted here; the next test limits the size of files instead");
    }
    mkdirSync(folder);
    // room for two checkpoints, and not for a third beside them
    const script =
      'mount -t tmpfs -o size=6500k tmpfs "$1"; folder="$1"; shift; "$@"; code=$?; cp -a "$folder" "$folder.copy"; exit $code';
    const args = [...OPTIONS, ...INTERVALS, "--data", data, "--out", folder];
    const command = [
      "--mount",
      "--map-root-user",
      "sh",
      "-c",
      script,
      "sh",
      folder,
      process.execPath,
      program,
      ...args,
    ];
    const run = startCommand("unshare", command);
    await expectRefusal(run, folder, "ENOSPC");
    expect(run.text.errors).toContain("the disk is full");
    rmSync(folder, { recursive: true });
    cpSync(`${folder}.copy`, folder, { recursive: true });
    await expectGoingOn(folder, data, run.text.output);
  });

  it("is told likewise where a file may not become as large as it is to be", async () => {
    const { data, folder } = folders();
    // the first checkpoint is written without a limit, and the next would be larger than the limit
    const first = [...OPTIONS, ...INTERVALS, "--iterations", "3", "--data", data, "--out", folder];
    expect(await startProgram(program, first).ended).toBe(0);
    const longer = ["--iterations", "12"];
    const command = ["-c", 'ulimit -f 2000; exec "$@"', "sh", process.execPath, program, "--resume", folder, ...longer];
    const run = startCommand("bash", command);
    await expectRefusal(run, folder, "EFBIG");
    await expectGoingOn(folder, data, run.text.output, longer);
  });

  it("is told before anything is trained where there is no room for the first checkpoint", async () => {
    const { data, folder } = folders();
    const args = [...OPTIONS, "--data", data, "--out", folder];
    const run = startCommand("bash", ["-c", 'ulimit -f 100; exec "$@"', "sh", process.execPath, program, ...args]);
    await expectRefusal(run, join(folder, "checkpoint.next.safetensors"), "EFBIG");
    expect(run.text.output).toContain("there is no checkpoint");
    expect(run.text.output).not.toContain("[loss");
  });
});

describe("a folder without permission", () => {
  /** Somebody to whom permissions apply: nobody, where the tests are run by root. */
  const somebody = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {};

  it("is told in one line: a new run in it", async () => {
    const { data, folder } = folders();
    mkdirSync(folder, { mode: 0o555 });
    const args = [...OPTIONS, "--data", data, "--out", join(folder, "run")];
    const { ended, text } = startProgram(program, args, somebody);
    expect(await ended, text.output).toBe(1);
    expect(text.errors).toBe(`small: EACCES: permission denied, mkdir '${join(folder, "run")}'\n`);
  });

  it("is told in one line: a run that goes on in it, whose checkpoint stays", async () => {
    const { data, folder } = folders();
    const run = startProgram(program, [...OPTIONS, ...INTERVALS, "--data", data, "--out", folder], somebody);
    expect(await run.ended, run.text.errors).toBe(0);
    const before = readFileSync(join(folder, "checkpoint.safetensors"));
    chmodSync(folder, 0o555);
    const resumed = startProgram(program, ["--resume", folder, "--iterations", "14"], somebody);
    await expectRefusal(resumed, folder, "EACCES");
    expect(readFileSync(join(folder, "checkpoint.safetensors")).equals(before)).toBe(true);
    chmodSync(folder, 0o755);
  });
});
