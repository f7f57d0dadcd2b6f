// Where an element lies: a window of a buffer as a function of the flat index in what is computed. Written down once in
// its shortest form, so that two windows that are the same have the same text, and what is contiguous is seen to be.

import type { Shape } from "../../shape.js";

/** Element t = (i, j, …) of a row-major shape `extents` lies at `offset + i·strides[0] + j·strides[1] + …`. */
export interface IndexMap {
  readonly extents: readonly number[];
  readonly strides: readonly number[];
  readonly offset: number;
}

/** The map of a window, without axes of one element and with neighbouring axes merged where they follow each other. */
export function indexMap(shape: Shape, strides: readonly number[], offset = 0): IndexMap {
  const extents: number[] = [];
  const steps: number[] = [];
  for (let axis = 0; axis < shape.length; axis++) {
    const extent = shape[axis] as number;
    const stride = strides[axis] as number;
    if (extent === 1) continue;
    const last = extents.length - 1;
    if (last >= 0 && steps[last] === stride * extent) {
      extents[last] = (extents[last] as number) * extent;
      steps[last] = stride;
    } else {
      extents.push(extent);
      steps.push(stride);
    }
  }
  return { extents, strides: steps, offset };
}

/** Whether element t lies at t. */
export function isFlat({ extents, strides, offset }: IndexMap): boolean {
  return offset === 0 && (extents.length === 0 || (extents.length === 1 && strides[0] === 1));
}

/** The part of a map that needs a division to be computed: an axis, with how many elements one step of it is. */
export interface MapAxis {
  readonly extent: number;
  readonly stride: number;
  /** Elements of all axes after it. */
  readonly inner: number;
  /** Whether no axis is before it, so that its coordinate needs no remainder. */
  readonly outermost: boolean;
}

/** The axes of a map along which something moves. */
export function axesOf({ extents, strides }: IndexMap): MapAxis[] {
  let inner = 1;
  const axes: MapAxis[] = [];
  for (let axis = extents.length - 1; axis >= 0; axis--) {
    const extent = extents[axis] as number;
    const stride = strides[axis] as number;
    if (stride !== 0) axes.unshift({ extent, stride, inner, outermost: axis === 0 });
    inner *= extent;
  }
  return axes;
}
