// NumPy itself, where Debian's python3 has it: it reads what is written here, and what it writes is read here.

import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { FileArray } from "@adjoint/core/io";
import { openNpzFile, readNpyFile, readNpzFile, writeNpyFile, writeNpzFile } from "@adjoint/core/node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bytesOf } from "./support.js";

const PYTHON = "/usr/bin/python3";
const found = spawnSync(PYTHON, ["-c", "import numpy; print(numpy.__version__)"], { encoding: "utf8" });
const isThere = found.status === 0;
const title = isThere ? `NumPy ${found.stdout.trim()}` : `NumPy (not run: ${PYTHON} has none)`;

const VALUES = Float32Array.of(1, -0, Number.NaN, Number.POSITIVE_INFINITY, 1e-45, 3.4028234663852886e38);
const arrays = new Map<string, FileArray>([
  ["a", { shape: [2, 3], data: VALUES }],
  ["b/é", { shape: [], data: Float32Array.of(0.1) }],
  ["c", { shape: [0, 3], data: new Float32Array(0) }],
  ["d", { shape: [6], data: VALUES }],
]);

/** Prints what NumPy reads: for each array its name, its type, its shape and its bytes. */
const DUMP = `
import json, sys, numpy as np
loaded = np.load(sys.argv[1])
named = loaded.items() if hasattr(loaded, "files") else [("", loaded)]
print(json.dumps([[name, a.dtype.str, list(a.shape), a.tobytes().hex()] for name, a in named]))
`;

/** Writes one array of each type, order of bytes and order of axes; and prints what float32 has in their places. */
const WRITE = `
import json, sys, numpy as np
base = np.array([[0, 1, 2], [3, 100, 127]])
expected = {}
kept = {}
for kind in ["b1", "u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "f2", "f4", "f8"]:
    for order in "<>":
        for layout in "CF":
            a = np.array(base, dtype=np.dtype(order + kind), order=layout)
            if kind[0] in "if": a = np.array(-a, order=layout)
            name = kind + {"<": "l", ">": "b"}[order] + layout
            kept[name] = a
            expected[name] = [list(a.shape), a.astype("<f4").tobytes().hex()]
            for version in [(1, 0), (2, 0), (3, 0)]:
                with open(f"{sys.argv[1]}/{name}{version[0]}.npy", "wb") as file:
                    np.lib.format.write_array(file, a, version=version)
np.savez(f"{sys.argv[1]}/stored.npz", **kept)
np.savez_compressed(f"{sys.argv[1]}/deflated.npz", **kept)
class Unseekable:
    def __init__(self, file): self.file = file
    def write(self, data): return self.file.write(data)
    def flush(self): self.file.flush()
with open(f"{sys.argv[1]}/streamed.npz", "wb") as file:
    import zipfile
    with zipfile.ZipFile(Unseekable(file), "w", zipfile.ZIP_DEFLATED) as archive:
        for name, a in kept.items():
            with archive.open(name + ".npy", "w", force_zip64=True) as entry: np.lib.format.write_array(entry, a)
rng = np.random.default_rng(1)
integers = rng.integers(-2**63, 2**63 - 1, 2000, dtype="<i8") >> rng.integers(0, 63, 2000)
np.save(f"{sys.argv[1]}/integers.npy", integers)
expected["integers"] = [[2000], integers.astype("<f4").tobytes().hex()]
halves = np.arange(65536, dtype="<u2").view("<f2")
np.save(f"{sys.argv[1]}/halves.npy", halves)
expected["halves"] = [[65536], halves.astype("<f4").tobytes().hex()]
print(json.dumps(expected))
`;

const run = (program: string, argument: string) =>
  JSON.parse(execFileSync(PYTHON, ["-c", program, argument], { encoding: "utf8", maxBuffer: 2 ** 26 }));

const digits = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

describe.skipIf(!isThere)(title, () => {
  let folder = "";
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "adjoint-numpy-"));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const written = [...arrays].map(([name, { shape, data }]) => [name, "<f4", shape, digits(bytesOf(data))]);

  it.each([false, true])("reads the .npz files that are written here, deflated: %s", async (compress) => {
    const path = join(folder, "ours.npz");
    await writeNpzFile(path, arrays, { compress });
    expect(run(DUMP, path)).toEqual(written);
  });

  it("reads the .npy files that are written here", async () => {
    for (const [i, array] of [...arrays.values()].entries()) {
      const path = join(folder, "ours.npy");
      await writeNpyFile(path, array);
      expect(run(DUMP, path)).toEqual([["", ...(written[i] ?? []).slice(1)]]);
    }
  });

  it("writes .npy files of every version, and .npz files of every kind, that are read here to the bit", async () => {
    const expected: Record<string, [number[], string]> = run(WRITE, folder);
    const { integers, halves, ...arraysOfAll } = expected;
    const same = ({ shape, data }: FileArray) => [shape, digits(bytesOf(data))];
    expect(Object.keys(arraysOfAll)).toHaveLength(48);
    expect(same(await readNpyFile(join(folder, "integers.npy")))).toEqual(integers);
    const half = await readNpyFile(join(folder, "halves.npy"));
    const numbers = new Float32Array(Uint8Array.from(Buffer.from(halves?.[1] ?? "", "hex")).buffer);
    // NaN has many forms
    expect(half.data).toEqual(numbers);
    for (const [name, content] of Object.entries(arraysOfAll)) {
      for (const version of [1, 2, 3]) {
        expect([name, ...same(await readNpyFile(join(folder, `${name}${version}.npy`)))]).toEqual([name, ...content]);
      }
    }
    for (const file of ["stored", "deflated", "streamed"]) {
      const read = await readNpzFile(join(folder, `${file}.npz`));
      expect(Object.fromEntries([...read].map(([name, array]) => [name, same(array)]))).toEqual(arraysOfAll);
    }
    const open = await openNpzFile(join(folder, "stored.npz"));
    expect((await open.readExact("b1lC")).type).toBe("bool");
    await open.close();
  });
});
