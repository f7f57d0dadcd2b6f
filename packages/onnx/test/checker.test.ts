// The checker of the ONNX project itself, as Debian has it in the package python3-onnx: a full check, with the shapes
// inferred, of every kind of file that is written here.

import { execFile, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { type Module, Random, Sequential, type Shape } from "@adjoint/core";
import { afterAll, describe, expect, it } from "vitest";
import { exportOnnx } from "../src/index.js";
import { createGan, dense } from "./support/models.js";
import { build, type LayerPlan, type Plan } from "./support/plans.js";

const execute = promisify(execFile);

/** Debian's own: a Python of the user's may come first on the path, and know nothing of it. */
const PYTHON = "/usr/bin/python3";

/** Set where a machine without the checker is a failure and no reason to leave tests out: in CI. */
const REQUIRED = process.env.ADJOINT_REQUIRE_ONNX === "1";

const found = spawnSync(PYTHON, ["-c", "import onnx"], { stdio: "ignore" }).status === 0;
if (!found && REQUIRED) throw new Error(`ADJOINT_REQUIRE_ONNX is set, and ${PYTHON} has no package onnx`);
const reason = found ? "" : ` (not run: ${PYTHON} has no package onnx)`;

/** Checks each file named, and prints what it found in it. */
const PROGRAM = `
import json, sys, onnx
def shape(value):
    return [axis.dim_param or axis.dim_value for axis in value.type.tensor_type.shape.dim]
for path in sys.argv[1:]:
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    inferred = onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=True, data_prop=True)
    print(json.dumps({
        "ir": model.ir_version, "opsets": [[o.domain, o.version] for o in model.opset_import],
        "producer": model.producer_name, "doc": model.doc_string, "name": model.graph.name,
        "metadata": {entry.key: entry.value for entry in model.metadata_props},
        "constants": [tensor.name for tensor in model.graph.initializer],
        "inputs": [shape(value) for value in inferred.graph.input],
        "outputs": [shape(value) for value in inferred.graph.output],
    }))
`;

const folder = mkdtempSync(join(tmpdir(), "adjoint-onnx-"));
afterAll(() => rmSync(folder, { recursive: true }));

async function check(...files: Uint8Array[]): Promise<Record<string, unknown>[]> {
  const paths = files.map((bytes, i) => {
    const path = join(folder, `model-${i}.onnx`);
    writeFileSync(path, bytes);
    return path;
  });
  const { stdout } = await execute(PYTHON, ["-c", PROGRAM, ...paths]);
  return stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
}

const plan = (kind: LayerPlan["kind"], size = 2, flag = true): LayerPlan => ({ kind, size, flag });

/** Every layer, in one model after the other, with and without what is optional. */
const EVERYTHING: readonly [Plan, Shape][] = [
  [[plan("Dense"), plan("LeakyReLU"), plan("Dense", 4), plan("ReLU"), plan("Dropout"), plan("Softmax")], [3]],
  [
    [plan("Dense", 3, false), [plan("Tanh"), [plan("Sigmoid")]], plan("Flatten"), plan("Reshape", 2)],
    [4, 2],
  ],
  [[], [2]],
];

describe("Debian's onnx", () => {
  it.skipIf(!found)(`accepts every layer, with the shapes that are declared${reason}`, async () => {
    const models = EVERYTHING.map(([plan, inputShape]) => ({
      model: build(plan, inputShape, new Random(4)) as Module,
      inputShape,
    }));
    models.push({ model: dense(3, 2, new Random(4)), inputShape: [5, 3] });
    const reports = await check(
      ...(await Promise.all(models.map(({ model, inputShape }) => exportOnnx(model, { inputShape })))),
    );
    expect(reports.map(({ inputs, outputs }) => [inputs, outputs])).toEqual([
      [[["batch", 3]], [["batch", 4]]],
      [[["batch", 4, 2]], [["batch", 2, 6]]],
      [[["batch", 2]], [["batch", 2]]],
      [[["batch", 5, 3]], [["batch", 5, 2]]],
    ]);
  });

  it.skipIf(!found)(`accepts the GAN, and reads its names and metadata${reason}`, async () => {
    const { generator, discriminator } = createGan();
    const both = new Sequential([generator, discriminator], { name: "gan" });
    const options = { inputShape: [10], description: "A GAN.", metadata: { seed: "1", iterations: "20000" } };
    const [report] = await check(await exportOnnx(both, options));
    expect(report).toEqual({
      ir: 8,
      opsets: [["", 17]],
      producer: "adjoint",
      doc: "A GAN.",
      name: "gan",
      metadata: options.metadata,
      constants: [...both.stateDict().keys(), "0.4.shape"],
      inputs: [["batch", 10]],
      outputs: [["batch", 1]],
    });
  });
});
