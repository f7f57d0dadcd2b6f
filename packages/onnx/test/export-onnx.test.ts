// What is in an exported file besides the computation: versions, names, shapes and texts. And what is refused.

import { readFileSync } from "node:fs";
import {
  AdjointError,
  ArgumentError,
  Module,
  Random,
  ReferenceBackend,
  Reshape,
  Sequential,
  ShapeError,
  Softmax,
  Tanh,
  type Tensor,
  tensor,
  withBackend,
} from "@adjoint/core";
import { describe, expect, it } from "vitest";
import { exportOnnx, OnnxExportError } from "../src/index.js";
import { expectAgreement } from "./support/agreement.js";
import { Message } from "./support/messages.js";
import { createGan, dense } from "./support/models.js";

const random = new Random(2);

/** A layer of one's own. */
class Twice extends Module {
  readonly kind = "Twice";
  forward(x: Tensor): Tensor {
    return x.mul(2);
  }
}

function floats(bytes: Uint8Array | undefined): number[] {
  return bytes ? Array.from(new Float32Array(bytes.slice().buffer)) : [];
}

describe("an exported file", () => {
  it("says operator set 17, the IR version of that, and who made it", async () => {
    const file = new Message(await exportOnnx(createGan().generator, { inputShape: [10] }));
    const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
    expect(file.numbers(1)).toEqual([8]);
    expect(file.messages(8).map((set) => [set.texts(1), set.numbers(2)])).toEqual([[[], [17]]]);
    expect([file.texts(2), file.texts(3)]).toEqual([["adjoint"], [version]]);
  });

  it("keeps the model's name, a description, and metadata", async () => {
    const { generator } = createGan();
    const plain = new Message(await exportOnnx(generator, { inputShape: [10] }));
    expect([plain.message(7).texts(2), plain.texts(6), plain.messages(14)]).toEqual([["generator"], [], []]);
    const metadata = { iterations: "20000", "note.ü": "" };
    const options = { inputShape: [10], name: "digits", description: "Writes digits.", metadata };
    const named = new Message(await exportOnnx(generator, options));
    expect([named.message(7).texts(2), named.texts(6)]).toEqual([["digits"], ["Writes digits."]]);
    expect(named.messages(14).map((entry) => [entry.texts(1)[0], entry.texts(2)[0]])).toEqual(Object.entries(metadata));
    const nameless = new Message(await exportOnnx(new Sequential([]), { inputShape: [1] }));
    expect(nameless.message(7).texts(2)).toEqual(["model"]);
  });

  it("has the parameters by the names and with the values of the state dictionary", async () => {
    const model = new Sequential([dense(3, 4, random), new Sequential([new Tanh(), dense(4, 2, random, false)])]);
    const graph = new Message(await exportOnnx(model, { inputShape: [3] })).message(7);
    const constants = graph.messages(5).map((constant) => ({
      name: constant.texts(8)[0],
      type: constant.numbers(2),
      shape: constant.numbers(1),
      values: floats(constant.bytes(9)[0]),
    }));
    const expected = [...model.stateDict()].map(([name, value]) => {
      return { name, type: [1], shape: value.shape, values: Array.from(value.dataSync()) };
    });
    expect(expected.map(({ name }) => name)).toEqual(["0.kernel", "0.bias", "1.1.kernel"]);
    expect(constants).toEqual(expected);
    expect(graph.messages(1).flatMap((node) => node.texts(3))).toEqual(["0", "1.0", "1.1"]);
  });

  it("has one input and one output, whose first axis is a batch of any size", async () => {
    const graph = new Message(await exportOnnx(createGan().generator, { inputShape: [10] })).message(7);
    const read = (value: Message) => {
      const type = value.message(2).message(1);
      const axes = type.message(2).messages(1);
      return [value.texts(1)[0], type.numbers(1)[0], axes.map((axis) => axis.texts(2)[0] ?? axis.numbers(1)[0])];
    };
    expect(graph.messages(11).map(read)).toEqual([["input", 1, ["batch", 10]]]);
    expect(graph.messages(12).map(read)).toEqual([["output", 1, ["batch", 7, 7, 1]]]);
  });

  it("has float64 values rounded to float32", async () => {
    const layer = withBackend(new ReferenceBackend({ dtype: "float64" }), () => dense(2, 1, random));
    layer.kernel.assign(tensor([[0.1], [1 / 3]]));
    const graph = new Message(await exportOnnx(layer, { inputShape: [2] })).message(7);
    expect(floats(graph.messages(5)[0]?.bytes(9)[0])).toEqual([Math.fround(0.1), Math.fround(1 / 3)]);
  });

  it("has the values of the moment in which it was asked for, and leaves the model as it was", async () => {
    const model = new Sequential([dense(3, 2, random)]);
    const [kernel] = model.parameters();
    const before = await exportOnnx(model, { inputShape: [3] });
    const exporting = exportOnnx(model, { inputShape: [3] });
    kernel?.assign(kernel.mul(2));
    expect(await exporting).toEqual(before);
    expect(await exportOnnx(model, { inputShape: [3] })).not.toEqual(before);
    expect(model.training).toBe(true);
  });

  it("is the same, byte for byte, each time", async () => {
    const [first, second] = [createGan().discriminator, createGan().discriminator];
    expect(await exportOnnx(first, { inputShape: [49] })).toEqual(await exportOnnx(second, { inputShape: [49] }));
    await expectAgreement(first, [49]);
  });
});

describe("a layer without an ONNX form", () => {
  it("is refused by its kind and its place", async () => {
    const model = new Sequential([new Tanh(), new Sequential([new Tanh(), new Twice()])], { name: "net" });
    const error = await exportOnnx(model, { inputShape: [3] }).catch((error: unknown) => error);
    expect(error).toBeInstanceOf(OnnxExportError);
    expect(error).toBeInstanceOf(AdjointError);
    expect(error).toMatchObject({ name: "OnnxExportError", kind: "Twice", path: "1.1", where: "exportOnnx" });
    expect((error as Error).message).toBe(
      "exportOnnx: layer 1.1 (Twice) has no ONNX form; there is one for Sequential, Dense, LeakyReLU, ReLU, Tanh, " +
        "Sigmoid, Softmax, Dropout, Flatten, Reshape, Conv2d, ConvTranspose2d, MaxPool2d, AveragePool2d, UpSample, " +
        "BatchNorm, LayerNorm, Embedding",
    );
  });

  it("is refused as the model itself", async () => {
    await expect(exportOnnx(new Twice(), { inputShape: [3] })).rejects.toThrow(
      /^exportOnnx: the model \(Twice\) has no ONNX form/,
    );
  });

  it("is one of a class that computes something else than the class it extends", async () => {
    class Shifted extends Tanh {
      override forward(x: Tensor): Tensor {
        return super.forward(x).add(1);
      }
    }
    await expect(exportOnnx(new Sequential([new Shifted()]), { inputShape: [3] })).rejects.toThrow(
      "exportOnnx: layer 0 (Tanh) has no ONNX form",
    );
  });
});

describe("what does not fit", () => {
  const refused = (model: Module, options: object) => exportOnnx(model, options as { inputShape: number[] });

  it.each([
    [new Sequential([dense(4, 3, random)]), [5], "layer 0 (Dense) takes […,4], got [batch,5]"],
    [dense(4, 3, random), [], "the model (Dense) takes […,4], got [batch]"],
    [new Sequential([new Reshape([2, 2])]), [5], "layer 0 (Reshape) makes [batch,2,2], got [batch,5]"],
    [new Sequential([new Reshape([2, -1])]), [5], "layer 0 (Reshape) makes [batch,2,-1], got [batch,5]"],
    [new Sequential([new Softmax({ axis: 2 })]), [5], "layer 0 (Softmax) sums along axis 2, got [batch,5]"],
    [new Sequential([new Softmax({ axis: -3 })]), [5], "layer 0 (Softmax) sums along axis -3, got [batch,5]"],
  ])("is refused by the shapes: case %#", async (model, inputShape, problem) => {
    const exporting = exportOnnx(model, { inputShape });
    await expect(exporting).rejects.toThrow(ShapeError);
    await expect(exporting).rejects.toThrow(`exportOnnx: ${problem}`);
  });

  it.each([
    [{ inputShape: [0] }, "inputShape must be whole numbers ≥ 1, got [0]"],
    [{ inputShape: [2.5] }, "inputShape must be whole numbers ≥ 1, got [2.5]"],
    [{ inputShape: 3 }, "inputShape must be whole numbers ≥ 1, got 3"],
    [{ inputShape: [3], name: "" }, "the name must not be empty"],
    [{ inputShape: [3], description: 7 }, "description must be a text, got 7"],
    [{ inputShape: [3], metadata: { seed: 1 } }, "seed must be a text, got 1"],
  ])("is refused as an option: %j", async (options, problem) => {
    const exporting = refused(new Tanh(), options);
    await expect(exporting).rejects.toThrow(ArgumentError);
    await expect(exporting).rejects.toThrow(`exportOnnx: ${problem}`);
  });
});
