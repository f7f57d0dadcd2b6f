// Files at paths: whole or not at all, and what the system refuses in one line.

import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import * as promises from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AdjointError } from "@adjoint/core";
import {
  FileSystemError,
  openFile,
  openSafetensorsFile,
  readSafetensorsFile,
  writeFileAtomically,
  writeSafetensorsFile,
} from "@adjoint/core/node";
import { describe, expect, it, onTestFinished } from "vitest";
import type { FileSystem } from "../../src/io/node/file-system.js";
import { openFile as openFileWith } from "../../src/io/node/open-file.js";
import { writeFileAtomically as writeWith } from "../../src/io/node/write-file-atomically.js";

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "adjoint-io-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

const tensors = new Map([
  ["w", { shape: [2], data: Float32Array.of(1, 2) }],
  ["b", { shape: [], data: Float32Array.of(3) }],
]);

/** What the system says of a failure. */
function failure(code: string): Error {
  return Object.assign(new Error(`${code}: as the system says it`), { code });
}

/** What a test makes fail. */
type Step = "open" | "write" | "sync" | "close" | "rename" | "folder";

/** The real file system, of which one step fails; and the steps that were taken. */
function failing(step: Step | undefined, code = "ENOSPC", { short = Number.POSITIVE_INFINITY } = {}) {
  const steps: string[] = [];
  const take = (name: Step, path = "") => {
    steps.push(path ? `${name} ${path}` : name);
    if (name === step) throw failure(code);
  };
  const fileSystem: FileSystem = {
    stat: promises.stat,
    async rename(from, to) {
      take("rename");
      await promises.rename(from, to);
    },
    async unlink(path) {
      steps.push("unlink");
      await promises.unlink(path);
    },
    async open(path, flags) {
      take(flags === "r" ? "folder" : "open");
      const handle = await promises.open(path, flags);
      return {
        read: (...args) => handle.read(...args),
        async write(buffer, offset, length) {
          take("write");
          return handle.write(buffer, offset, Math.min(length, short));
        },
        async sync() {
          take("sync");
          await handle.sync();
        },
        async close() {
          await handle.close();
          take("close");
        },
      };
    },
  };
  return { fileSystem, steps };
}

describe("writeFileAtomically", () => {
  it("writes bytes, pieces, and pieces that come with time, over an old file, and leaves nothing beside it", async () => {
    const folder = temporaryFolder();
    const path = join(folder, "a.bin");
    const later = async function* () {
      yield Uint8Array.of(5);
      yield Uint8Array.of(6, 7);
    };
    for (const [chunks, content] of [
      [Uint8Array.of(1, 2), [1, 2]],
      [
        [Uint8Array.of(3), new Uint8Array(0), Uint8Array.of(4)],
        [3, 4],
      ],
      [later(), [5, 6, 7]],
      [[], []],
    ] as const) {
      await writeFileAtomically(path, chunks);
      expect([...readFileSync(path)]).toEqual(content);
    }
    expect(readdirSync(folder)).toEqual(["a.bin"]);
  });

  it("flushes the file before it takes the old one's place, and the folder after it", async () => {
    const { fileSystem, steps } = failing(undefined);
    await writeWith(join(temporaryFolder(), "a"), [Uint8Array.of(1)], fileSystem);
    expect(steps).toEqual(["open", "write", "sync", "close", "rename", "folder", "sync", "close"]);
  });

  it("goes on where the system takes a part only", async () => {
    const path = join(temporaryFolder(), "a");
    await writeWith(path, Uint8Array.of(1, 2, 3, 4, 5), failing(undefined, "", { short: 2 }).fileSystem);
    expect([...readFileSync(path)]).toEqual([1, 2, 3, 4, 5]);
  });

  it.each<[Step, string, string]>([
    ["open", "EACCES", "there is no permission (EACCES)"],
    ["open", "EROFS", "the file system is read-only (EROFS)"],
    ["write", "ENOSPC", "the disk is full (ENOSPC)"],
    ["write", "EDQUOT", "the disk quota is used up (EDQUOT)"],
    ["write", "EXYZ", "EXYZ: as the system says it"],
    ["sync", "EIO", "the device failed (EIO)"],
    ["close", "ENOSPC", "the disk is full (ENOSPC)"],
    ["rename", "EPERM", "there is no permission (EPERM)"],
  ])("keeps the old file where %s fails with %s, and says so in one line", async (step, code, problem) => {
    const folder = temporaryFolder();
    const path = join(folder, "a");
    writeFileSync(path, "old");
    const { fileSystem } = failing(step, code);
    const error = await writeWith(path, [Uint8Array.of(1), Uint8Array.of(2)], fileSystem).catch((thrown) => thrown);
    expect(error).toBeInstanceOf(FileSystemError);
    expect(error).toBeInstanceOf(AdjointError);
    expect(error.message).toBe(`writeFileAtomically: ${path}: ${problem}`);
    expect([error.path, error.code, error.cause.code]).toEqual([path, code, code]);
    expect(readdirSync(folder)).toEqual(["a"]);
    expect(readFileSync(path, "utf8")).toBe("old");
  });

  it("does without flushing a folder that cannot be flushed, and tells of one that fails", async () => {
    const path = join(temporaryFolder(), "a");
    await writeWith(path, Uint8Array.of(1), failing("folder", "EISDIR").fileSystem);
    const error = writeWith(path, Uint8Array.of(2), failing("folder", "EIO").fileSystem);
    await expect(error).rejects.toThrow(`writeFileAtomically: ${path}: the device failed (EIO)`);
  });

  it("throws on what its pieces throw, and removes what it wrote of them", async () => {
    const folder = temporaryFolder();
    const pieces = function* () {
      yield Uint8Array.of(1);
      throw new RangeError("no more");
    };
    await expect(writeFileAtomically(join(folder, "a"), pieces())).rejects.toThrow(new RangeError("no more"));
    expect(readdirSync(folder)).toEqual([]);
  });

  it("says in one line what the real system refuses", async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, "file"), "");
    mkdirSync(join(folder, "sub"));
    const write = (name: string) => writeFileAtomically(join(folder, name), Uint8Array.of(1));
    await expect(write("none/a")).rejects.toThrow(
      `${join(folder, "none/a")}: there is no such file or folder (ENOENT)`,
    );
    await expect(write("file/a")).rejects.toThrow(
      `${join(folder, "file/a")}: a part of the path is not a folder (ENOTDIR)`,
    );
    await expect(write("sub")).rejects.toThrow(
      `writeFileAtomically: ${join(folder, "sub")}: it is a folder, not a file (EISDIR)`,
    );
    await expect(write("x".repeat(300))).rejects.toThrow("the name is too long (ENAMETOOLONG)");
    expect(readdirSync(folder)).toEqual(["file", "sub"]);
  });

  const allowed = process.getuid?.() === 0;
  it.skipIf(allowed)(
    `says that a folder may not be written${allowed ? " (not run: root may write anywhere)" : ""}`,
    async () => {
      const folder = temporaryFolder();
      chmodSync(folder, 0o555);
      await expect(writeFileAtomically(join(folder, "a"), [])).rejects.toThrow("there is no permission (EACCES)");
      chmodSync(folder, 0o755);
    },
  );

  const full = "/dev/full";
  const has = existsSync(full);
  it.skipIf(!has)(`says that a disk is full${has ? "" : " (not run: there is no /dev/full)"}`, async () => {
    const path = join(temporaryFolder(), "a");
    const fileSystem = { ...failing(undefined).fileSystem, open: () => promises.open(full, "w") };
    await expect(writeWith(path, Uint8Array.of(1), fileSystem)).rejects.toThrow(`${path}: the disk is full (ENOSPC)`);
    expect(existsSync(path)).toBe(false);
  });
});

describe("openFile", () => {
  it("reads at any offset, memory of its own, and less only at the end of a file that became shorter", async () => {
    const path = join(temporaryFolder(), "a");
    writeFileSync(path, Uint8Array.of(1, 2, 3, 4, 5));
    const file = await openFile(path);
    expect([file.name, file.size]).toEqual([path, 5]);
    expect([...(await file.read(3, 2))]).toEqual([4, 5]);
    expect([...(await file.read(0, 3))]).toEqual([1, 2, 3]);
    writeFileSync(path, Uint8Array.of(1, 2));
    expect([...(await file.read(0, 5))]).toEqual([1, 2]);
    await file.close();
    await expect(file.read(0, 1)).rejects.toThrow(FileSystemError);
  });

  it("refuses what is not there, a folder, and what is no ordinary file", async () => {
    const folder = temporaryFolder();
    await expect(openFile(join(folder, "a"))).rejects.toThrow(
      `openFile: ${folder}/a: there is no such file or folder (ENOENT)`,
    );
    await expect(openFile(folder)).rejects.toThrow(`openFile: ${folder}: it is a folder, not a file`);
    await expect(openFile("/dev/null")).rejects.toThrow("openFile: /dev/null: it is not an ordinary file");
    const file = join(folder, "b");
    writeFileSync(file, "");
    await expect(openFileWith(file, failing("folder", "EMFILE").fileSystem)).rejects.toThrow(
      "too many files are open (EMFILE)",
    );
  });
});

describe("safetensors files at paths", () => {
  it("are written and read, as a whole and in parts", async () => {
    const path = join(temporaryFolder(), "a.safetensors");
    await writeSafetensorsFile(path, tensors, { metadata: [["step", "7"]] });
    const content = await readSafetensorsFile(path);
    expect([...content.metadata]).toEqual([["step", "7"]]);
    expect(content.tensors).toEqual(tensors);
    const file = await openSafetensorsFile(path);
    expect(await file.read("w")).toEqual(tensors.get("w"));
    await file.close();
  });

  it("are refused with their path, and closed", async () => {
    const path = join(temporaryFolder(), "a.safetensors");
    writeFileSync(path, "not this");
    await expect(readSafetensorsFile(path)).rejects.toThrow(
      `openSafetensors: ${path}: header length: expected at most 100000000`,
    );
    await expect(readSafetensorsFile(`${path}x`)).rejects.toThrow(`openFile: ${path}x: there is no such file`);
    await expect(writeSafetensorsFile(`${path}/x`, tensors)).rejects.toThrow("a part of the path is not a folder");
  });
});
