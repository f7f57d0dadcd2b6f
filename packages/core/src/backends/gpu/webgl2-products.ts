// Products of mode webgl2: programs of our own in the context of gpu.js, on its textures. A kernel of gpu.js has at most
// four results a thread, all of one texel; these have 32.

import type { Activation, MatmulSpec } from "../backend.js";
import type { DeviceProducts, ProductHandles } from "./device-products.js";
import type { TextureHandle } from "./handle.js";
import { canFuse, type Ending, endingKey } from "./product-epilogue.js";
import { textureSize } from "./webgl-device.js";
import { Drawing, type Sides, type Target } from "./webgl2-drawing.js";
import { finishSource, layOut, multiplySource, packSource } from "./webgl2-product-source.js";

/** The products that are kept, with their textures: so many, and so many texels of 16 bytes. */
const MOST_PRODUCTS = 128;
const MOST_TEXELS = 2 ** 24;

/** Rows that a fragment computes, where it may have as many targets. */
const MOST_ROWS = 8;

/** How gpu.js makes a handle. */
type HandleClass = new (
  parts: Omit<TextureHandle, "type" | "delete"> & {
    readonly dimensions: readonly number[];
    readonly output: readonly number[];
  },
) => TextureHandle;

/** The programs of a product, and the textures between them. */
interface Product {
  readonly programs: Readonly<Record<"packA" | "packB" | "multiply" | "finish", WebGLProgram>>;
  readonly targets: Readonly<Record<"a" | "b" | "tiles", Target>>;
  readonly texels: number;
}

/** Multiplies in one context. */
export class WebGl2Products implements DeviceProducts {
  readonly #gl: WebGL2RenderingContext;
  readonly #drawing: Drawing;
  readonly #longestSide: number;
  readonly #rows: number;
  /** In the order in which they were last used. */
  readonly #products = new Map<string, Product>();
  #texels = 0;

  /** @param gl the context of gpu.js */
  constructor(where: string, gl: WebGL2RenderingContext) {
    this.#gl = gl;
    this.#drawing = new Drawing(where, gl);
    this.#longestSide = Number(gl.getParameter(gl.MAX_TEXTURE_SIZE));
    const targets = [gl.MAX_DRAW_BUFFERS, gl.MAX_COLOR_ATTACHMENTS].map((name) => Number(gl.getParameter(name)));
    this.#rows = Math.min(MOST_ROWS, ...targets);
  }

  takes(spec: MatmulSpec, activation?: Activation): boolean {
    const { packedA, packedB, tiles } = layOut(spec, this.#rows);
    const sides = [...packedA, ...packedB, ...tiles, ...sidesOf(spec.batch * spec.m * spec.n)];
    return Math.max(...sides) <= this.#longestSide && (!activation || canFuse(activation));
  }

  multiply(operands: ProductHandles, spec: MatmulSpec, activation?: Activation): TextureHandle {
    const [a, b] = [operands.a as TextureHandle, operands.b as TextureHandle];
    const bias = operands.bias as TextureHandle | undefined;
    const size = spec.batch * spec.m * spec.n;
    const sides = sidesOf(size);
    const drawing = this.#drawing;
    try {
      const { programs, targets } = this.#productOf(spec, { biased: bias !== undefined, activation });
      drawing.draw(programs.packA, [a.texture], targets.a);
      drawing.draw(programs.packB, [b.texture], targets.b);
      drawing.draw(programs.multiply, [...targets.a.textures, ...targets.b.textures], targets.tiles);
      const inputs = [...targets.tiles.textures, ...(bias ? [bias.texture] : [])];
      const texture = drawing.drawTexture(programs.finish, inputs, sides);
      return new (a.constructor as HandleClass)({
        ...{ texture, size: Int32Array.from(sides), dimensions: [size, 1, 1], output: [size] },
        ...{ context: a.context, kernel: a.kernel },
        ...{ internalFormat: this.#gl.RGBA32F, textureFormat: this.#gl.RGBA },
      });
    } finally {
      drawing.finish();
    }
  }

  close(): void {
    for (const [key, product] of this.#products) this.#drop(key, product);
    this.#drawing.close();
  }

  /** A product that is kept, now the last one used, or a new one. */
  #productOf(spec: MatmulSpec, ending: Ending): Product {
    const key = keyOf(spec, ending);
    const product = this.#products.get(key) ?? this.#makeProduct(spec, ending);
    if (!this.#products.delete(key)) this.#texels += product.texels;
    this.#products.set(key, product);
    for (const [oldestKey, oldest] of this.#products) {
      const within = this.#products.size <= MOST_PRODUCTS && this.#texels <= MOST_TEXELS;
      if (within || oldest === product) break;
      this.#drop(oldestKey, oldest);
    }
    return product;
  }

  #makeProduct(spec: MatmulSpec, ending: Ending): Product {
    const { batch, m, n, k, sharedA, sharedB } = spec;
    const layout = layOut(spec, this.#rows);
    const { rows, packedA, packedB, tiles } = layout;
    const [widthOfA, widthOfB] = [(sharedA ? 1 : batch) * m * k, (sharedB ? 1 : batch) * k * n].map(widthOf);
    const drawing = this.#drawing;
    return {
      programs: {
        packA: drawing.createProgram(packSource(layout, "a", widthOfA as number)),
        packB: drawing.createProgram(packSource(layout, "b", widthOfB as number)),
        multiply: drawing.createProgram(multiplySource(layout)),
        finish: drawing.createProgram(finishSource(layout, widthOf(batch * m * n), ending, widthOf(n))),
      },
      targets: {
        a: drawing.createTarget(packedA, 1),
        b: drawing.createTarget(packedB, 1),
        tiles: drawing.createTarget(tiles, rows),
      },
      texels: areaOf(packedA) + areaOf(packedB) + rows * areaOf(tiles),
    };
  }

  #drop(key: string, { programs, targets, texels }: Product): void {
    this.#products.delete(key);
    this.#texels -= texels;
    for (const program of Object.values(programs)) this.#drawing.deleteProgram(program);
    for (const target of Object.values(targets)) this.#drawing.deleteTarget(target);
  }
}

/** What tells one product from another. */
function keyOf(spec: MatmulSpec, ending: Ending): string {
  const { batch, m, n, k, transposeA, transposeB, sharedA, sharedB } = spec;
  const flags = [transposeA, transposeB, sharedA, sharedB].map(Number).join("");
  return `${batch}×${m}×${k}×${n} ${flags}${endingKey(ending)}`;
}

/** Width and height of the texture for so many values. */
function sidesOf(size: number): Sides {
  return [...textureSize(size)] as [number, number];
}

function widthOf(size: number): number {
  return sidesOf(size)[0];
}

function areaOf([width, height]: Sides): number {
  return width * height;
}
