// The run's folder: nothing of an earlier run is lost unasked, and no half-written file is ever seen.

import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
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
    expect(readdirSync(path).sort()).toEqual(["history.csv", "samples"]);
  });

  it("refuses a folder with a run in it, and takes it with overwrite, leaving other files", async () => {
    const path = temporaryFolder();
    const folder = await RunFolder.create("test", { path, overwrite: false });
    await folder.write(sampleName(1000), "png");
    await folder.write("summary.json", "{}");
    writeFileSync(join(path, "notes.txt"), "mine");
    writeFileSync(join(path, "samples", "mine.png"), "mine");
    await expect(RunFolder.create("test", { path, overwrite: false })).rejects.toThrow(
      `--out: ${path} already holds a run; name another folder, or add --overwrite`,
    );
    expect(existsSync(join(path, "summary.json"))).toBe(true);
    await RunFolder.create("test", { path, overwrite: true });
    expect(readdirSync(path).sort()).toEqual(["notes.txt", "samples"]);
    expect(readdirSync(join(path, "samples"))).toEqual(["mine.png"]);
  });

  it("takes a folder that holds no run", async () => {
    const path = temporaryFolder();
    writeFileSync(join(path, "notes.txt"), "mine");
    await RunFolder.create("test", { path, overwrite: false });
    expect(readdirSync(path).sort()).toEqual(["notes.txt", "samples"]);
  });
});

describe("sampleName", () => {
  it("pads to six digits, and goes on beyond", () => {
    expect(sampleName(1000)).toBe("samples/001000.png");
    expect(sampleName(1_234_567)).toBe("samples/1234567.png");
  });
});
