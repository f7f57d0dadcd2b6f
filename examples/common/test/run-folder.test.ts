// The run's folder: nothing of an earlier run is lost unasked, and no half-written file is ever seen.

import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { ArgumentError } from "@adjoint/core";
import { describe, expect, it } from "vitest";
import { RunFolder, sampleName } from "../src/run/run-folder.js";
import { temporaryFolder } from "./support.js";

describe("RunFolder", () => {
  it("makes the folders above it and writes files by name", async () => {
    const path = join(temporaryFolder(), "a", "b");
    const folder = await RunFolder.create("test", { path, overwrite: false });
    await folder.write(sampleName(7), new Uint8Array([1, 2]));
    await folder.write("history.csv", "iteration\n");
    await folder.write("history.csv", "iteration\n1\n");
    await folder.close();
    expect(readdirSync(path).sort()).toEqual(["history.csv", "samples"]);
    expect(readdirSync(join(path, "samples"))).toEqual(["000007.png"]);
    expect(readFileSync(join(path, "history.csv"), "utf8")).toBe("iteration\n1\n");
  });

  it("leaves the former file whole, and nothing beside it, where writing fails", async () => {
    const path = temporaryFolder();
    const folder = await RunFolder.create("test", { path, overwrite: false });
    // a folder in the file's place cannot be replaced by a file
    mkdirSync(join(path, "history.csv", "inside"), { recursive: true });
    await expect(folder.write("history.csv", "iteration\n")).rejects.toThrow(/EISDIR|ENOTEMPTY|EEXIST|EPERM/);
    await folder.close();
    expect(readdirSync(path).sort()).toEqual(["history.csv", "samples"]);
  });

  it("refuses a folder with a run in it, and takes it with overwrite, leaving other files", async () => {
    const path = temporaryFolder();
    const folder = await RunFolder.create("test", { path, overwrite: false });
    await folder.write(sampleName(1000), "png");
    await folder.write("summary.json", "{}");
    await folder.close();
    writeFileSync(join(path, "notes.txt"), "mine");
    writeFileSync(join(path, "samples", "mine.png"), "mine");
    await expect(RunFolder.create("test", { path, overwrite: false })).rejects.toThrow(
      `--out: ${path} already holds a run; name another folder, or add --overwrite`,
    );
    expect(existsSync(join(path, "summary.json"))).toBe(true);
    await (await RunFolder.create("test", { path, overwrite: true })).close();
    expect(readdirSync(path).sort()).toEqual(["notes.txt", "samples"]);
    expect(readdirSync(join(path, "samples"))).toEqual(["mine.png"]);
  });

  it("takes the files with it that only the former run had, and nothing outside of its folder", async () => {
    const path = join(temporaryFolder(), "run");
    const folder = await RunFolder.create("test", { path, overwrite: false }, ["model.safetensors"]);
    await folder.write("latent.svg", "svg");
    await folder.write(sampleName(1), "png");
    await folder.write("model.safetensors", "model");
    expect(folder.ownFiles).toEqual(["model.safetensors", "latent.svg"]);
    const outside = join(path, "..", "mine.txt");
    writeFileSync(outside, "mine");
    const files = [...folder.ownFiles, "../mine.txt", outside, ".", 7];
    await folder.write("summary.json", JSON.stringify({ files }));
    await folder.close();
    // one that goes on knows them, too
    const opened = await RunFolder.open(path);
    expect(opened.ownFiles).toEqual(["model.safetensors", "latent.svg"]);
    await opened.close();
    await (await RunFolder.create("test", { path, overwrite: true })).close();
    expect(readdirSync(path)).toEqual(["samples"]);
    expect(existsSync(outside)).toBe(true);
  });

  it("takes a folder that holds no run", async () => {
    const path = temporaryFolder();
    writeFileSync(join(path, "notes.txt"), "mine");
    await (await RunFolder.create("test", { path, overwrite: false })).close();
    expect(readdirSync(path).sort()).toEqual(["notes.txt", "samples"]);
  });
});

describe("a run's folder in which a process is at work", () => {
  const lockOf = (path: string, owner: object) => writeFileSync(join(path, "run.lock"), JSON.stringify(owner));

  it("is refused to others, also to overwrite, until that has ended", async () => {
    const path = temporaryFolder();
    const folder = await RunFolder.create("test", { path, overwrite: false });
    const problem = `process ${process.pid} is at work in ${path}; wait for its end, or end it`;
    await expect(RunFolder.open(path)).rejects.toThrow(ArgumentError);
    await expect(RunFolder.open(path)).rejects.toThrow(`--resume: ${problem}`);
    await expect(RunFolder.create("test", { path, overwrite: true })).rejects.toThrow(`--out: ${problem}`);
    expect(readdirSync(path).sort()).toEqual(["run.lock", "samples"]);
    await folder.close();
    await (await RunFolder.open(path)).close();
    expect(readdirSync(path)).toEqual(["samples"]);
  });

  it("is taken over from one that was killed, or whose lock cannot be read", async () => {
    const path = temporaryFolder();
    const { pid } = spawnSync(process.execPath, ["--eval", ""]);
    lockOf(path, { pid, host: hostname() });
    await (await RunFolder.open(path)).close();
    writeFileSync(join(path, "run.lock"), "{");
    const folder = await RunFolder.open(path);
    expect(JSON.parse(readFileSync(join(path, "run.lock"), "utf8"))).toEqual({ pid: process.pid, host: hostname() });
    await folder.close();
  });

  it("is not taken from one on another machine, of which nothing is known here", async () => {
    const path = temporaryFolder();
    const { pid } = spawnSync(process.execPath, ["--eval", ""]);
    lockOf(path, { pid, host: "elsewhere" });
    await expect(RunFolder.open(path)).rejects.toThrow(
      `--resume: process ${pid} on elsewhere is at work in ${path}, or was killed there; wait for its end, or delete ` +
        `${join(path, "run.lock")} if it has ended`,
    );
  });
});

describe("sampleName", () => {
  it("pads to six digits, and goes on beyond", () => {
    expect(sampleName(1000)).toBe("samples/001000.png");
    expect(sampleName(1_234_567)).toBe("samples/1234567.png");
  });
});
