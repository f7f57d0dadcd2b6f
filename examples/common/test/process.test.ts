// The program as a process: exit codes, standard error, and Ctrl-C in the middle of a run.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { readCheckpointFile } from "@adjoint/core/node";
import { beforeAll, describe, expect, it } from "vitest";
import { buildProgram, type Run, startProgram, untilPrinted } from "./processes.js";
import { temporaryFolder, writeSmallMnist } from "./support.js";

let program: string;

beforeAll(async () => {
  program = await buildProgram("process");
});

const start = (args: readonly string[]) => startProgram(program, args);

/** A run that would take hours, and its folder. */
function startLongRun(): Run & { folder: string } {
  const folder = join(temporaryFolder(), "run");
  const size = ["--iterations", "1000000", "--sample-interval", "2", "--history-interval", "1", "--batch-size", "2"];
  const data = writeSmallMnist(join(folder, "..", "data"));
  return { folder, ...start(["--backend", "reference", ...size, "--data", data, "--out", folder]) };
}

describe("the process", () => {
  it("exits with 2 and one line for a wrong option", async () => {
    const { ended, text } = start(["--colour", "red"]);
    expect(await ended).toBe(2);
    expect(text).toEqual({ output: "", errors: "small: unknown option '--colour'\n" });
  });

  it("exits with 0 and prints the options for --help", async () => {
    const { ended, text } = start(["--help"]);
    expect(await ended).toBe(0);
    expect(text.output).toMatch(/^Usage: small \[options\]\n/);
    expect(text.errors).toBe("");
  });

  it("exits with 1 and one line for a folder that is not there", async () => {
    const { ended, text } = start(["--data", "no/such/folder"]);
    expect(await ended).toBe(1);
    expect(text).toEqual({ output: "", errors: "small: loadMnist: there is no folder no/such/folder\n" });
  });

  it.skipIf(Number.parseInt(process.versions.node, 10) >= 24)("asks for wide vectors where it is told to", async () => {
    const data = writeSmallMnist(join(temporaryFolder(), "data"));
    const { ended, text } = start(["--wide", "--data", data]);
    expect(await ended).toBe(1);
    expect(text.errors).toContain("small: wasm: `wide` needs Node 24 or newer on x64");
  });

  it("goes on training where nobody reads what it prints", async () => {
    const folder = join(temporaryFolder(), "run");
    const data = writeSmallMnist(join(folder, "..", "data"));
    const size = ["--iterations", "4", "--sample-interval", "1", "--batch-size", "2"];
    const { child, ended, text } = start(["--backend", "reference", ...size, "--data", data, "--out", folder]);
    child.stdout?.destroy();
    expect(await ended).toBe(0);
    expect(text.errors).toBe("");
    expect(JSON.parse(readFileSync(join(folder, "summary.json"), "utf8"))).toMatchObject({ status: "finished" });
  });
});

describe("a signal", () => {
  it.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const)("%s ends the run in order, with exit code %d and a whole folder", async (signal, code) => {
    const run = startLongRun();
    await untilPrinted(run, /^4 \[loss/m);
    run.child.kill(signal);
    expect(await run.ended).toBe(code);
    expect(run.text.errors).toBe("");
    const summary = JSON.parse(readFileSync(join(run.folder, "summary.json"), "utf8"));
    const done: number = summary.iterationsDone;
    expect(summary).toMatchObject({ status: "interrupted", signal, iterationsAsked: 1_000_000 });
    expect(run.text.output).toContain(`${signal}: finishing this iteration and writing what was done`);
    expect(run.text.output).toMatch(new RegExp(`Stopped by ${signal} after ${done.toLocaleString("en-US")} of`));
    const rows = readFileSync(join(run.folder, "history.csv"), "utf8").trimEnd().split("\n");
    expect(rows).toHaveLength(done + 1);
    const files = readdirSync(run.folder, { recursive: true, encoding: "utf8" });
    expect(run.text.output).toContain(`To go on: npm run small -- --resume ${run.folder}`);
    const { progress } = await readCheckpointFile(join(run.folder, "checkpoint.safetensors"));
    expect(progress).toMatchObject({ iteration: done });
    expect(files).toContain(`samples/${String(done).padStart(6, "0")}.png`);
    expect(files).toEqual(
      expect.arrayContaining([
        "model.safetensors",
        "gallery.png",
        "history.csv",
        "index.html",
        "losses.svg",
        "samples",
        "summary.json",
      ]),
    );
    expect(files.filter((name) => /[.]tmp$|next/.test(name))).toEqual([]);
    expect(readFileSync(join(run.folder, "index.html"), "utf8")).toContain(`Stopped by ${signal} after`);
  });
});
