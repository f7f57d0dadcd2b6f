// The windows of images as rows of a matrix, and back: what makes a convolution a product. `geometry` is the address of
// whole numbers, in the order of `geometryOf` in src/backends/wasm/convolution.ts; images are channels last.

import { copyFloats } from "./copying";

// @ts-ignore: decorator
@inline
function at(geometry: usize, place: usize): i32 {
  return load<i32>(geometry + 4 * place);
}

function clearFloats(to: usize, count: usize): void {
  const end = to + (count & ~3) * 4;
  if (to < end) do {
    v128.store(to, f32x4.splat(0));
    to += 16;
  } while (to < end);
  for (let i: usize = count & 3; i > 0; i--) {
    store<f32>(to, 0);
    to += 4;
  }
}

function addFloats(from: usize, to: usize, count: usize): void {
  const end = to + (count & ~3) * 4;
  if (to < end) do {
    v128.store(to, f32x4.add(v128.load(to), v128.load(from)));
    from += 16;
    to += 16;
  } while (to < end);
  for (let i: usize = count & 3; i > 0; i--) {
    store<f32>(to, load<f32>(to) + load<f32>(from));
    from += 4;
    to += 4;
  }
}

/** `count` pixels of a line of `width`, the first of them at `start`; those that lie outside are 0. */
export function copyOrClear(line: usize, out: usize, count: i32, channels: i32, start: i32, width: i32): void {
  const pixel = channels * 4;
  const first = min(count, max(0, -start));
  const last = max(first, min(count, width - start));
  if (first) clearFloats(out, first * channels);
  copyFloats(line + (start + first) * pixel, out + first * pixel, (last - first) * channels);
  if (last < count) clearFloats(out + last * pixel, (count - last) * channels);
}

/** Windows [from, to) of the images at `x`, counted through all images, as rows of `out`, which begins with the first. */
export function gatherWindows(x: usize, geometry: usize, out: usize, from: i32, to: i32): void {
  const height = at(geometry, 0), width = at(geometry, 1), channels = at(geometry, 2);
  const rows = at(geometry, 3), columns = at(geometry, 4), high = at(geometry, 5), wide = at(geometry, 6);
  const stepY = at(geometry, 7), stepX = at(geometry, 8), dilationY = at(geometry, 9), dilationX = at(geometry, 10);
  const above = at(geometry, 11), before = at(geometry, 12);
  const pixel = channels * 4;
  // neighbouring cells that are neighbouring pixels are copied at once
  const run = dilationX == 1 ? wide : 1;
  for (let window = from; window < to; window++) {
    const image = window / (rows * columns);
    const place = window - image * rows * columns;
    const top = (place / columns) * stepY - above;
    const left = (place % columns) * stepX - before;
    for (let i = 0; i < high; i++) {
      const y = top + i * dilationY;
      if (y < 0 || y >= height) {
        clearFloats(out, wide * channels);
        out += wide * pixel;
        continue;
      }
      const line = x + (image * height + y) * width * pixel;
      for (let j = 0; j < wide; j += run) {
        const start = left + j * dilationX;
        copyOrClear(line, out, run, channels, start, width);
        out += run * pixel;
      }
    }
  }
}

/**
 * Lines [from, to) of the images at `out`, counted through all images: in each pixel the bias (or 0, where that is 0),
 * and added to it the cells of all windows that see it, in the order of the cells' lines, then of the windows.
 */
export function scatterWindows(windows: usize, geometry: usize, out: usize, bias: usize, from: i32, to: i32): void {
  const height = at(geometry, 0), width = at(geometry, 1), channels = at(geometry, 2);
  const rows = at(geometry, 3), columns = at(geometry, 4), high = at(geometry, 5), wide = at(geometry, 6);
  const stepY = at(geometry, 7), stepX = at(geometry, 8), dilationY = at(geometry, 9), dilationX = at(geometry, 10);
  const above = at(geometry, 11), before = at(geometry, 12);
  const pixel = channels * 4;
  const run = dilationX == 1 ? wide : 1;
  for (let line = from; line < to; line++) {
    const image = line / height;
    const target = out + line * width * pixel;
    if (bias) {
      for (let p = 0; p < width; p++) copyFloats(bias, target + p * pixel, channels);
    } else clearFloats(target, width * channels);
    for (let i = 0; i < high; i++) {
      const distance = line - image * height + above - i * dilationY;
      const row = distance / stepY;
      if (distance < 0 || row >= rows || row * stepY != distance) continue;
      for (let column = 0; column < columns; column++) {
        let cell = windows + (((image * rows + row) * columns + column) * high + i) * wide * pixel;
        for (let j = 0; j < wide; j += run) {
          const start = column * stepX - before + j * dilationX;
          const first = min(run, max(0, -start));
          const last = max(first, min(run, width - start));
          addFloats(cell + first * pixel, target + (start + first) * pixel, (last - first) * channels);
          cell += run * pixel;
        }
      }
    }
  }
}
