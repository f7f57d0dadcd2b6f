// Random models: arbitraries of plans, and the models that are built from them.

import {
  Dropout,
  Flatten,
  LeakyReLU,
  type Module,
  type Random,
  ReLU,
  Reshape,
  Sequential,
  type Shape,
  Sigmoid,
  Softmax,
  Tanh,
} from "@adjoint/core";
import fc from "fast-check";
import { dense } from "./models.js";

/** What a random layer is made of; what does not go with the shape that it is given is made to. */
export interface LayerPlan {
  readonly kind: "Dense" | "LeakyReLU" | "ReLU" | "Tanh" | "Sigmoid" | "Softmax" | "Dropout" | "Flatten" | "Reshape";
  readonly size: number;
  readonly flag: boolean;
}

/** Layers, and lists of layers inside. */
export type Plan = readonly (LayerPlan | Plan)[];

const KINDS: readonly LayerPlan["kind"][] = [
  "Dense",
  "LeakyReLU",
  "ReLU",
  "Tanh",
  "Sigmoid",
  "Softmax",
  "Dropout",
  "Flatten",
  "Reshape",
];

const layerPlan = fc.record({
  kind: fc.constantFrom(...KINDS),
  size: fc.integer({ min: 1, max: 11 }),
  flag: fc.boolean(),
});

/** Up to eight layers, in models inside of models. */
export const plans: fc.Arbitrary<Plan> = fc.letrec<{ plan: Plan }>((tie) => ({
  plan: fc.array(fc.oneof({ arbitrary: layerPlan, weight: 4 }, { arbitrary: tie("plan"), weight: 1 }), {
    maxLength: 8,
    depthIdentifier: "plan",
  }),
})).plan;

/** Makes a model for inputs of a shape. */
export function build(plan: Plan, inputShape: Shape, random: Random): Sequential {
  return buildInside(plan, inputShape, random).model;
}

function buildInside(plan: Plan, inputShape: Shape, random: Random): { model: Sequential; shape: Shape } {
  let shape = inputShape;
  const layers = plan.map((item): Module => {
    if (isPlan(item)) {
      const inside = buildInside(item, shape, random);
      shape = inside.shape;
      return inside.model;
    }
    const made = buildLayer(item, shape, random);
    shape = made.shape;
    return made.layer;
  });
  return { model: new Sequential(layers), shape };
}

function buildLayer({ kind, size, flag }: LayerPlan, shape: Shape, random: Random): { layer: Module; shape: Shape } {
  const total = shape.reduce((product, extent) => product * extent, 1);
  switch (kind) {
    case "Dense":
      return { layer: dense(shape.at(-1) ?? 1, size, random, flag), shape: [...shape.slice(0, -1), size] };
    case "LeakyReLU":
      return { layer: new LeakyReLU({ negativeSlope: size / 10 }), shape };
    case "ReLU":
      return { layer: new ReLU(), shape };
    case "Tanh":
      return { layer: new Tanh(), shape };
    case "Sigmoid":
      return { layer: new Sigmoid(), shape };
    case "Softmax":
      return { layer: new Softmax({ axis: flag ? -1 : size % (shape.length + 1) }), shape };
    case "Dropout":
      return { layer: new Dropout(size / 12, { random }), shape };
    case "Flatten":
      return { layer: new Flatten(), shape: [total] };
    case "Reshape": {
      const rows = total % size === 0 ? size : 1;
      return { layer: new Reshape([rows, flag ? -1 : total / rows]), shape: [rows, total / rows] };
    }
  }
}

function isPlan(item: LayerPlan | Plan): item is Plan {
  return Array.isArray(item);
}
