// Convolutions as matrix products over the windows of the images, in groups as a batch of products: what every backend
// computes that has no way of its own.

import type { ConvolutionSpec } from "../backends/backend.js";
import type { Tensor } from "../tensor.js";
import { transpose } from "./arranging.js";
import { reshape } from "./broadcasting.js";
import { matmul } from "./matmul.js";
import { foldWindows, windowsOf } from "./windows.js";

/** A convolution in groups: the kernel is […kernel, inChannels / groups, outChannels], and group g of y sees that of x. */
export interface GroupedSpec extends ConvolutionSpec {
  readonly groups: number;
}

/** C(x, w): each window, as a row, times the kernel. */
export function convolutionByProduct(x: Tensor, kernel: Tensor, spec: GroupedSpec): Tensor {
  const { pixels, perGroup } = sizesOf(spec);
  const y = matmul(patchesOf(x, spec), kernelsOf(kernel, spec));
  return reshape(joinGroups(y, pixels, 1, spec.groups, perGroup.out), [spec.batch, ...spec.output, spec.outChannels]);
}

/** T(y, w): each pixel, as a row, times the transposed kernel is a window; what overlaps is added. */
export function transposeByProduct(y: Tensor, kernel: Tensor, spec: GroupedSpec): Tensor {
  const { pixels, cells, perGroup } = sizesOf(spec);
  const patches = matmul(pixelsOf(y, spec), kernelsOf(kernel, spec), { transposeB: true });
  const joined = joinGroups(patches, pixels, cells, spec.groups, perGroup.in);
  return foldWindows(reshape(joined, [spec.batch, ...spec.output, ...spec.kernel, spec.inChannels]), spec);
}

/** K(x, y): the transposed windows times the pixels. */
export function kernelByProduct(x: Tensor, y: Tensor, spec: GroupedSpec): Tensor {
  const { cells, perGroup } = sizesOf(spec);
  const kernels = matmul(patchesOf(x, spec), pixelsOf(y, spec), { transposeA: true });
  const joined = joinGroups(kernels, cells * perGroup.in, 1, spec.groups, perGroup.out);
  return reshape(joined, [...spec.kernel, perGroup.in, spec.outChannels]);
}

function sizesOf({ batch, output, kernel, inChannels, outChannels, groups }: GroupedSpec) {
  return {
    /** All windows of all images. */
    pixels: batch * output[0] * output[1],
    /** Cells of a window. */
    cells: kernel[0] * kernel[1],
    perGroup: { in: inChannels / groups, out: outChannels / groups },
  };
}

/** [groups, pixels, cells · inChannels of a group] */
function patchesOf(x: Tensor, spec: GroupedSpec): Tensor {
  const { pixels, cells, perGroup } = sizesOf(spec);
  return splitGroups(windowsOf(x, spec), pixels, cells, spec.groups, perGroup.in);
}

/** [groups, pixels, outChannels of a group] */
function pixelsOf(y: Tensor, spec: GroupedSpec): Tensor {
  const { pixels, perGroup } = sizesOf(spec);
  return splitGroups(y, pixels, 1, spec.groups, perGroup.out);
}

/** [groups, cells · inChannels of a group, outChannels of a group] */
function kernelsOf(kernel: Tensor, spec: GroupedSpec): Tensor {
  const { cells, perGroup } = sizesOf(spec);
  return splitGroups(kernel, cells * perGroup.in, 1, spec.groups, perGroup.out);
}

/** [rows, cells, groups, channels] → [groups, rows, cells · channels] */
function splitGroups(x: Tensor, rows: number, cells: number, groups: number, channels: number): Tensor {
  const apart = groups === 1 ? x : transpose(reshape(x, [rows, cells, groups, channels]), [2, 0, 1, 3]);
  return reshape(apart, [groups, rows, cells * channels]);
}

/** The way back: [groups, rows, cells · channels] → [rows, cells, groups, channels] */
function joinGroups(x: Tensor, rows: number, cells: number, groups: number, channels: number): Tensor {
  return groups === 1 ? x : transpose(reshape(x, [groups, rows, cells, channels]), [1, 2, 0, 3]);
}
