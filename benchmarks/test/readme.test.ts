// What is written into the README comes from measurements, and only between the markers.

import { describe, expect, it } from "vitest";
import { formatReadmeTable, replaceBetweenMarkers } from "../src/readme.js";
import type { Results } from "../src/report.js";

const measurement = (name: string, ms: number) => ({
  name,
  median: ms,
  fastest: ms,
  slowest: ms,
  rounds: 9,
  callsPerRound: 1,
});

const results: Results = {
  command: "npm run bench -- --readme",
  date: "2026-01-02",
  machine: { processor: "A processor", cores: 2, memoryGiB: 8, platform: "linux x64", settings: {} },
  versions: { node: "20.20.0", torch: "1.13.0" },
  missing: [{ name: "NumPy, 1 thread", reason: "no python3 on the path has numpy" }],
  comparisons: [
    {
      title: "Product 128×784×128",
      operations: 2 * 128 * 784 * 128,
      measurements: [
        measurement("adjoint wasm, 1 thread", 0.5),
        measurement("PyTorch, 1 thread", 2),
        measurement("PyTorch, 2 threads", 1),
      ],
    },
    { title: "One GAN iteration, batch 128", measurements: [measurement("adjoint wasm, 1 thread", 3)] },
    { title: "One GAN iteration, batch 128, its batch drawn in it", measurements: [measurement("x", 9)] },
  ],
  sizes: [],
  memory: [],
};

describe("replaceBetweenMarkers", () => {
  const text = "before\n<!-- bench:begin -->\nold\n<!-- bench:end -->\nafter\n";

  it("leaves what is around them", () => {
    expect(replaceBetweenMarkers(text, "new")).toBe(text.replace("old", "new"));
  });

  it.each(["nothing", "<!-- bench:end --> <!-- bench:begin -->", "<!-- bench:begin -->"])(
    "refuses a text without them: %s",
    (wrong) => {
      expect(() => replaceBetweenMarkers(wrong, "new")).toThrow("<!-- bench:begin -->");
    },
  );
});

describe("the README's table", () => {
  const table = formatReadmeTable(results);

  it("has a column for each who was measured, and takes the fastest number of threads", () => {
    expect(table.split("\n")).toEqual(
      expect.arrayContaining([
        "|  | adjoint wasm, 1 thread | PyTorch |",
        "| One GAN iteration, batch 128, ms | 3.00 | – |",
        "| Product 128×784×128, GFLOP/s | 51.4 | 25.7 |",
      ]),
    );
  });

  it("keeps wider vectors in a column of their own", () => {
    const measurements = [
      measurement("adjoint wasm, 2 threads", 3),
      measurement("adjoint wasm, 256-bit, 2 threads", 2),
      measurement("adjoint blas, 256-bit, 2 threads", 1),
      measurement("adjoint blas, 2 threads", 1.5),
    ];
    const wide = formatReadmeTable({
      ...results,
      comparisons: [{ title: "One GAN iteration, batch 128", measurements }],
    });
    const columns = ["wasm, threads", "wasm, 256-bit", "blas", "blas, 256-bit"].map((column) => `adjoint ${column} |`);
    expect(wide).toContain(`|  | ${columns.join(" ")}`);
    expect(wide).toContain("| One GAN iteration, batch 128, ms | 3.00 | 2.00 | 1.50 | 1.00 |");
  });

  it("names the command, the machine, the versions, and who was not run", () => {
    expect(table).toContain("`npm run bench -- --readme` on 2026-01-02");
    expect(table).toContain("A processor, 2 cores, 8 GiB, linux x64; node 20.20.0, torch 1.13.0.");
    expect(table).toContain("- NumPy, 1 thread: no python3 on the path has numpy");
  });

  it("refuses to be empty", () => {
    expect(() => formatReadmeTable({ ...results, comparisons: [] })).toThrow("nothing for the README");
  });

  it("says so where PyTorch was told what its OpenBLAS does not know, and what it took without", () => {
    expect(table).not.toContain("OPENBLAS_CORETYPE");
    const [product] = results.comparisons;
    if (!product) throw new Error("there is no product");
    const told = {
      ...product,
      measurements: [...product.measurements, measurement("PyTorch (SkylakeX), 1 thread", 0.25)],
    };
    const lines = formatReadmeTable({ ...results, comparisons: [told] }).split("\n");
    expect(lines.find((line) => line.startsWith("| Product"))).toMatch(/\| 103 \|$/);
    expect(lines).toContain(
      "better, by OPENBLAS_CORETYPE=SkylakeX, as adjoint's blas backend tells its own; as it is installed, " +
        '"Product 128×784×128" took it 1.00 ms.',
    );
  });
});
