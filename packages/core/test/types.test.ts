// The types of the public API: what a call gives is known to the compiler, and what makes no sense does not compile.
// The type check of `npm test` is what runs this file; the bodies of its tests only need to be harmless.

import {
  Adam,
  type AnyModule,
  type Backend,
  type BackendChoice,
  type BackendName,
  type BackendOptions,
  Dense,
  defineOp,
  type FloatArray,
  gradients,
  keep,
  type MatmulOptions,
  Module,
  ModuleDict,
  ModuleList,
  matmul,
  noGradient,
  type Op,
  Parameter,
  type ParameterCount,
  parseIdx,
  Random,
  type RandomState,
  Sequential,
  type Shape,
  type StateDict,
  scope,
  type Tensor,
  tensor,
  useBackend,
  valueAndGradients,
  withBackend,
  withFrozen,
} from "@adjoint/core";
import { type CheckReport, checkGradients } from "@adjoint/core/testing";
import { describe, expectTypeOf, it } from "vitest";

const x = tensor([1, 2], { requiresGradient: true });
const parameter = new Parameter(tensor([1]), "p");
const optimizer = new Adam([parameter], { learningRate: 0 });
const loss = () => parameter.square().sum();

describe("gradients", () => {
  it("gives as many tensors as were asked about", () => {
    const found = gradients(x.mul(x).sum(), [x]);
    expectTypeOf(found).toEqualTypeOf<[Tensor]>();
    expectTypeOf(gradients<readonly [Tensor, Parameter]>).returns.toEqualTypeOf<[Tensor, Tensor]>();
    const many: readonly Parameter[] = [parameter];
    expectTypeOf(gradients(loss(), many)).toEqualTypeOf<Tensor[]>();
  });

  it("of a function hands it what it is asked about, or lets it use what it has", () => {
    const both = valueAndGradients((a, b) => a.mul(b).sum(), [x, parameter.mul(1)]);
    expectTypeOf(both).toEqualTypeOf<{ value: Tensor; gradients: [Tensor, Tensor] }>();
    expectTypeOf(valueAndGradients(loss, [parameter]).gradients).toEqualTypeOf<[Tensor]>();
    const parameters = [parameter];
    expectTypeOf(valueAndGradients(loss, parameters).gradients).toEqualTypeOf<Tensor[]>();
    valueAndGradients(
      (a) => {
        expectTypeOf(a).toEqualTypeOf<Parameter>();
        return a.sum();
      },
      [parameter],
    );
  });

  it("of a function that gives no tensor do not compile", () => {
    // @ts-expect-error a number has no gradient
    expectTypeOf(() => valueAndGradients(() => 3, [x])).toBeFunction();
    // @ts-expect-error more arguments than inputs
    expectTypeOf(() => valueAndGradients((a: Tensor, b: Tensor) => a.mul(b), [x])).toBeFunction();
  });
});

describe("defineOp", () => {
  it("types inputs, options and thunks as one", () => {
    const op = defineOp<[Tensor, Tensor], { factor: number }>({
      name: "scaledProduct",
      forward: ([a, b], { factor }) => {
        expectTypeOf(a).toEqualTypeOf<Tensor>();
        expectTypeOf(factor).toEqualTypeOf<number>();
        return a.mul(b).mul(factor);
      },
      gradient: ({ dy, inputs: [a, b], output, options }) => {
        expectTypeOf(output).toEqualTypeOf<Tensor>();
        expectTypeOf(options).toEqualTypeOf<{ factor: number }>();
        return [() => dy.mul(b).mul(options.factor), () => dy.mul(a).mul(options.factor)];
      },
    });
    expectTypeOf(op).toEqualTypeOf<Op<[Tensor, Tensor], { factor: number }>>();
    expectTypeOf(op).parameters.toEqualTypeOf<[inputs: [Tensor, Tensor], options: { factor: number }]>();
    expectTypeOf(op([x, x], { factor: 2 })).toEqualTypeOf<Tensor>();
  });

  it("wants one thunk an input", () => {
    defineOp<[Tensor, Tensor]>({
      name: "half",
      forward: ([a]) => a,
      // @ts-expect-error one thunk for two inputs
      gradient: ({ dy }) => [() => dy],
    });
    defineOp<[Tensor]>({
      name: "eager",
      forward: ([a]) => a,
      // @ts-expect-error a tensor where a thunk is needed
      gradient: ({ dy }) => [dy],
    });
  });
});

describe("minimize", () => {
  it("returns what its function returns", () => {
    expectTypeOf(optimizer.minimize(loss)).toEqualTypeOf<Tensor>();
    const result = optimizer.minimize(() => ({ loss: loss(), accuracy: parameter.greater(0).mean() }));
    expectTypeOf(result).toEqualTypeOf<{ loss: Tensor; accuracy: Tensor }>();
  });

  it("needs a loss among it", () => {
    // @ts-expect-error no loss
    expectTypeOf(() => optimizer.minimize(() => ({ error: loss() }))).toBeFunction();
    // @ts-expect-error not a tensor
    expectTypeOf(() => optimizer.minimize(() => 3)).toBeFunction();
    // @ts-expect-error nothing is returned
    expectTypeOf(() => optimizer.minimize(() => {})).toBeFunction();
  });

  it("is of optimizers of parameters", () => {
    // @ts-expect-error a tensor is not trained
    expectTypeOf(() => new Adam([x])).toBeFunction();
    expectTypeOf(Adam).toBeConstructibleWith(new Dense(1, 1, { random: new Random(0) }).parameters());
    // @ts-expect-error no such convention
    expectTypeOf(() => new Adam([parameter], { convention: "jax" })).toBeFunction();
  });
});

describe("tensors", () => {
  it("have the ops as methods, without the first argument", () => {
    expectTypeOf(x.matmul).parameters.toEqualTypeOf<[b: Tensor, options?: MatmulOptions]>();
    expectTypeOf(matmul).parameter(0).toEqualTypeOf<Tensor>();
    expectTypeOf(x.add).parameter(0).toEqualTypeOf<Tensor | number>();
    expectTypeOf(x.clip).parameters.toEqualTypeOf<[low: number, high: number]>();
    expectTypeOf(x.reshape).parameters.toEqualTypeOf<[shape: Shape]>();
    expectTypeOf(x.detach).returns.toEqualTypeOf<Tensor>();
    // @ts-expect-error stack makes a tensor of several: it is no method
    expectTypeOf(x.stack).toBeUndefined;
  });

  it("are read by awaiting, or at once", () => {
    expectTypeOf(x.data).returns.resolves.toEqualTypeOf<FloatArray>();
    expectTypeOf(x.item).returns.resolves.toEqualTypeOf<number>();
    expectTypeOf(x.dataSync).returns.toEqualTypeOf<FloatArray>();
    expectTypeOf(x.itemSync).returns.toEqualTypeOf<number>();
  });

  it("are immutable to the compiler", () => {
    expectTypeOf(x.shape).toEqualTypeOf<readonly number[]>();
    // @ts-expect-error sizes are read-only
    expectTypeOf(() => x.shape.push(1)).toBeFunction();
    expectTypeOf<Parameter>().toExtend<Tensor>();
    expectTypeOf<Tensor>().not.toExtend<Parameter>();
  });
});

describe("functions that run functions", () => {
  it("return what those return", () => {
    expectTypeOf(scope(() => ({ loss: x, count: 3 }))).toEqualTypeOf<{ loss: Tensor; count: number }>();
    expectTypeOf(noGradient(() => [x])).toEqualTypeOf<Tensor[]>();
    expectTypeOf(withFrozen(parameter, () => "done")).toEqualTypeOf<string>();
    expectTypeOf(withBackend(x.backend, () => x)).toEqualTypeOf<Tensor>();
    expectTypeOf(keep(parameter)).toEqualTypeOf<Parameter>();
  });
});

describe("models", () => {
  class Net extends Module {
    readonly kind = "Net";
    forward(input: Tensor): Tensor {
      return input;
    }
  }

  it("chain, and give maps by name", () => {
    expectTypeOf(new Net().freeze()).toEqualTypeOf<Net>();
    expectTypeOf(new Net().eval()).toEqualTypeOf<Net>();
    expectTypeOf(new Net().stateDict()).toEqualTypeOf<StateDict>();
    expectTypeOf(new Net().namedParameters()).toEqualTypeOf<ReadonlyMap<string, Parameter>>();
    expectTypeOf(new Net().parameterCount()).toEqualTypeOf<ParameterCount>();
    expectTypeOf(new Net().summary).toEqualTypeOf<(inputShape: Shape) => string>();
  });

  it("take one tensor and give one, unless they say otherwise", () => {
    expectTypeOf(new Net().apply).toEqualTypeOf<(x: Tensor) => Tensor>();
    expectTypeOf(new Sequential([]).apply).toEqualTypeOf<(x: Tensor) => Tensor>();
    const call = (module: Module) => module.apply(x);
    expectTypeOf(call).returns.toEqualTypeOf<Tensor>();
    // @ts-expect-error a second input
    expectTypeOf(() => new Net().apply(x, x)).toBeFunction();
  });

  it("take and give several tensors, tuples and records, all typed", () => {
    class Attention extends Module<[query: Tensor, memory: Tensor], { output: Tensor; weights: Tensor }> {
      readonly kind = "Attention";
      forward(query: Tensor, memory: Tensor) {
        return { output: query.add(memory), weights: memory };
      }
      both(): Tensor {
        return this.apply(x, x).weights;
      }
    }
    class Swap extends Module<[pair: readonly [Tensor, Tensor], options?: { times: number }], [Tensor, Tensor]> {
      readonly kind = "Swap";
      forward([a, b]: readonly [Tensor, Tensor]): [Tensor, Tensor] {
        return [b, a];
      }
    }
    expectTypeOf(new Attention().apply).toEqualTypeOf<
      (query: Tensor, memory: Tensor) => { output: Tensor; weights: Tensor }
    >();
    expectTypeOf(new Swap().apply([x, x])).toEqualTypeOf<[Tensor, Tensor]>();
    expectTypeOf(new Swap().apply([x, x], { times: 2 })).toEqualTypeOf<[Tensor, Tensor]>();
    expectTypeOf(new Attention().summary).toEqualTypeOf<(query: Shape, memory: Shape) => string>();
    expectTypeOf(new Swap().summary([[2], [3]], { times: 2 })).toEqualTypeOf<string>();
    // @ts-expect-error an input is missing
    expectTypeOf(() => new Attention().apply(x)).toBeFunction();
    // @ts-expect-error no tensor
    expectTypeOf(() => new Swap().apply([x, 3])).toBeFunction();
    // @ts-expect-error two inputs do not follow one output
    expectTypeOf(() => new Sequential([new Attention()])).toBeFunction();
    // forward does what the type says
    class Wrong extends Module<[Tensor], [Tensor, Tensor]> {
      readonly kind = "Wrong";
      // @ts-expect-error one tensor for two
      forward(input: Tensor): Tensor {
        return input;
      }
    }
    expectTypeOf(Wrong).toBeConstructibleWith();
  });

  it("of any type can be frozen, listed and put into containers", () => {
    class Two extends Module<[a: Tensor, b: Tensor], readonly Tensor[]> {
      readonly kind = "Two";
      forward(a: Tensor, b: Tensor) {
        return [a, b];
      }
    }
    const two = new Two();
    expectTypeOf(two).toExtend<AnyModule>();
    expectTypeOf(withFrozen({ two, more: [two, parameter] }, () => 3)).toEqualTypeOf<number>();
    const dict = new ModuleDict({ two, net: new Net() });
    expectTypeOf(dict.get("two")).toEqualTypeOf<Two>();
    expectTypeOf(dict.get("net").apply(x)).toEqualTypeOf<Tensor>();
    // @ts-expect-error no such key
    expectTypeOf(() => dict.get("three")).toBeFunction();
    const list = new ModuleList([two]);
    expectTypeOf(list[0]).toEqualTypeOf<Two | undefined>();
    for (const module of list) expectTypeOf(module).toEqualTypeOf<Two>();
    expectTypeOf(new ModuleList().append(new Net())[0]).toEqualTypeOf<Module | undefined>();
    // @ts-expect-error one that takes two tensors among those that take one
    expectTypeOf(() => new ModuleList<Module>([two])).toBeFunction();
    expectTypeOf(two.children()).toEqualTypeOf<ReadonlyMap<string, AnyModule>>();
  });

  it("need a generator for their weights, so that a run can be repeated", () => {
    // @ts-expect-error no generator
    expectTypeOf(() => new Dense(1, 1)).toBeFunction();
    // @ts-expect-error no generator
    expectTypeOf(() => new Dense(1, 1, {})).toBeFunction();
  });
});

describe("the rest", () => {
  it("has the types it says", () => {
    expectTypeOf(useBackend).toEqualTypeOf<(name: BackendName, options?: BackendOptions) => Promise<BackendChoice>>();
    expectTypeOf<"gpu:webasm">().toExtend<BackendName>();
    expectTypeOf<"gpu:opencl">().not.toExtend<BackendName>();
    expectTypeOf<BackendChoice["backend"]>().toEqualTypeOf<Backend>();
    expectTypeOf(parseIdx).returns.toEqualTypeOf<{ readonly shape: Shape; readonly data: Uint8Array }>();
    expectTypeOf(Random.fromState).toEqualTypeOf<(state: RandomState) => Random>();
    expectTypeOf(new Random(0).fillNormal(new Float64Array(2))).toEqualTypeOf<Float64Array<ArrayBuffer>>();
    expectTypeOf(checkGradients).returns.toEqualTypeOf<CheckReport>();
  });
});
