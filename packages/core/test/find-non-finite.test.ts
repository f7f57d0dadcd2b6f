// Where an infinity or a NaN came from: the op, the layer and its path, or the parameter; and what minimize does then.

import {
  Adam,
  Dense,
  detach,
  findNonFinite,
  gradients,
  log,
  Module,
  NonFiniteError,
  noGradient,
  type Parameter,
  Random,
  Sequential,
  scope,
  type Tensor,
  tensor,
  where,
  withBackend,
} from "@adjoint/core";
import { afterEach, describe, expect, it } from "vitest";
import { bits } from "./support/bits.js";
import { StrictBackend } from "./support/strict-backend.js";

/** ln x, for what is no number at −1. */
class Log extends Module {
  readonly kind = "Log";
  forward(x: Tensor): Tensor {
    return log(x);
  }
}

/** A model with a field of its own, which is not in a Sequential. */
class Net extends Module {
  readonly kind = "Net";
  readonly body = new Sequential([new Dense(2, 2, { random: new Random(1) }), new Log()]);
  forward(x: Tensor): Tensor {
    return this.body.apply(x).mul(0.5).sum();
  }
}

const network = () => new Sequential([new Dense(2, 2, { random: new Random(1) }), new Log()], { name: "net" });

function set(parameter: Parameter | undefined, ...values: number[]): void {
  if (!parameter) throw new Error("no such parameter");
  parameter.assign(tensor(values, { shape: parameter.shape }));
}

/** A network whose first layer gives −1, of which the second makes NaN. */
function brokenNetwork(): Sequential {
  const net = network();
  const [kernel, bias] = net.parameters();
  set(kernel, 1, 0, 0, 1);
  set(bias, 0, 0);
  return net;
}

const negative = () => tensor([[-1, -2]]);

describe("findNonFinite", () => {
  it("finds nothing where the result is finite", async () => {
    expect(
      await findNonFinite(() =>
        network()
          .apply(tensor([[1e-9, 0]]))
          .mul(0),
      ),
    ).toBeUndefined();
    expect(await findNonFinite(() => ({ a: tensor(1), b: tensor([2]).square() }))).toBeUndefined();
  });

  it("names the op and the layer with its path, whatever came after", async () => {
    const net = brokenNetwork();
    const origin = await findNonFinite(() => net.apply(negative()).mul(2).reshape([2]).add(1).mean());
    expect(origin).toEqual({
      value: Number.NaN,
      op: "log",
      layer: "net/1 (Log)",
      parameter: undefined,
      description: "the first NaN was made by log, in the layer net/1 (Log)",
    });
  });

  it("names layers by the fields that hold them", async () => {
    const net = new Net();
    set(net.body.parameters()[0], 1, 0, 0, 1);
    expect(await findNonFinite(() => net.apply(negative()))).toMatchObject({ op: "log", layer: "Net/body/1 (Log)" });
  });

  it("names an op outside of any layer, in a gradient and without a gradient", async () => {
    const x = tensor([0, 1], { requiresGradient: true });
    const squareRoot = () => gradients(x.sqrt().sum(), [x])[0];
    expect(await findNonFinite(squareRoot)).toMatchObject({ value: Number.POSITIVE_INFINITY, layer: undefined });
    const outside = await findNonFinite(() => noGradient(() => scope(() => detach(tensor([0]).log()).mul(2))));
    expect(outside?.description).toBe("the first -Infinity was made by log, outside of any layer");
  });

  it("leaves aside an infinity on which the result does not depend", async () => {
    const x = tensor([0, 1]);
    const masked = () => where(x.greater(0), x.log(), 0);
    expect(await findNonFinite(() => masked().sum())).toBeUndefined();
    const origin = await findNonFinite(() => masked().sum().div(tensor(0)).mul(0));
    expect(origin?.op).toBe("div");
  });

  it("names the parameter, or the tensor that was fed in, that held it before", async () => {
    const net = network();
    set(net.parameters()[1], 0, Number.NaN);
    expect(await findNonFinite(() => net.apply(tensor([[1, 2]])))).toMatchObject({
      op: undefined,
      parameter: "net.0.bias",
      description: 'the parameter "net.0.bias" held a value of NaN',
    });
    const fed = await findNonFinite(() => network().apply(tensor([[Number.NEGATIVE_INFINITY, 2]])));
    expect(fed?.description).toBe("the tensor [1,2] made by tensor held a value of -Infinity");
  });

  it("names a parameter that became so by an update in between", async () => {
    const net = network();
    const optimizer = new Adam(net.parameters(), { learningRate: 3e38 });
    const step = () => {
      optimizer.minimize(() =>
        (net.layers[0] as Dense)
          .apply(tensor([[1e3, 1e3]]))
          .sum()
          .mul(1e3),
      );
      return (net.layers[0] as Dense).apply(tensor([[1, 2]])).sum();
    };
    const origin = await findNonFinite(() => {
      step();
      return step();
    });
    expect(origin?.op ?? origin?.parameter).toMatch(/net\/0|net\.0|linear|matmul/);
  });

  it("works where a backend answers asynchronously", async () => {
    const later = new StrictBackend({ synchronous: false });
    const [net, x] = withBackend(later, () => [brokenNetwork(), negative()]);
    const origin = await findNonFinite(() => scope(() => net.apply(x).sum()));
    expect(origin).toMatchObject({ op: "log", layer: "net/1 (Log)" });
  });

  it("watches no longer than its function runs, also where that throws", async () => {
    const failing = findNonFinite(() => {
      throw new Error("no step");
    });
    await expect(failing).rejects.toThrow("no step");
    await expect(findNonFinite((async () => tensor(1)) as never)).rejects.toThrow(
      "findNonFinite: its function must be",
    );
    const later = new StrictBackend();
    withBackend(later, () => tensor([1]).add(1));
    expect(later.count("readSync")).toBe(0);
  });
});

describe("minimize with onNonFinite", () => {
  const trained = () => {
    const net = network();
    const optimizer = new Adam(net.parameters());
    set(net.parameters()[0], 1, 0, 0, 1);
    optimizer.minimize(() => net.apply(tensor([[1, 2]])).mean());
    return { net, optimizer, state: () => [bits(net), bits(optimizer)] };
  };

  it('"stop" throws with where it came from, and changes nothing', () => {
    const { net, optimizer, state } = trained();
    const before = state();
    const step = () => optimizer.minimize(() => net.apply(negative()).mean(), { onNonFinite: "stop" });
    const message = "the loss is NaN: the first NaN was made by log, in the layer net/1 (Log)";
    expect(step).toThrow(new NonFiniteError("minimize", message));
    expect(state()).toEqual(before);
  });

  it('"stop" says that it did not come again', () => {
    const { net, optimizer } = trained();
    let calls = 0;
    const loss = () => net.apply(calls++ === 0 ? negative() : tensor([[1, 2]])).mean();
    const step = () => optimizer.minimize(loss, { onNonFinite: "stop" });
    expect(step).toThrow("minimize: the loss is NaN: it was finite when the function was called again");
  });

  it('"skip" leaves parameters, slots and counts, and gives the loss', async () => {
    const { net, optimizer, state } = trained();
    const before = state();
    const fn = () => ({ loss: net.apply(negative()).mean(), other: tensor(7) });
    const { loss, other } = optimizer.minimize(fn, { onNonFinite: "skip" });
    expect([await loss.item(), await other.item()]).toEqual([Number.NaN, 7]);
    expect(state()).toEqual(before);
  });

  it.each(["stop", "skip", "ignore"] as const)(
    "%s does what it always does where the loss is finite",
    (onNonFinite) => {
      const [a, b] = [trained(), trained()];
      a.optimizer.minimize(() => a.net.apply(tensor([[3, 4]])).mean(), { onNonFinite });
      b.optimizer.minimize(() => b.net.apply(tensor([[3, 4]])).mean());
      expect(a.state()).toEqual(b.state());
    },
  );

  it('"ignore", the default, updates by what there is', () => {
    const { net, optimizer } = trained();
    optimizer.minimize(() => net.apply(tensor([[Number.NaN, 1]])).mean());
    expect(net.parameters()[0]?.dataSync().every(Number.isNaN)).toBe(true);
  });

  it("refuses to look at a loss that cannot be read at once, before anything changes", async () => {
    const later = new StrictBackend({ synchronous: false });
    const [net, x] = withBackend(later, () => [network(), tensor([[1, 2]])]);
    const optimizer = new Adam(net.parameters());
    const before = await net.parameters()[0]?.data();
    const step = () => optimizer.minimize(() => net.apply(x).mean(), { onNonFinite: "skip" });
    expect(step).toThrow("itemSync: strict answers asynchronously");
    expect(await net.parameters()[0]?.data()).toEqual(before);
  });
});

afterEach(() => {
  // a watcher that stays would read every result from here on
  const counted = new StrictBackend();
  withBackend(counted, () => new Log().apply(tensor([1])));
  expect(counted.count("readSync")).toBe(0);
});
