// The memory of the GL modes: textures of four values a texel, in the layout that gpu.js calls memory-optimized, wrapped
// as its own handles. Width and height follow from the number of values alone.

import { BackendError } from "../../errors.js";
import { type Device, tooLarge } from "./device.js";
import type { Handle, TextureHandle, Values, WebGl } from "./handle.js";

const CHANNELS = 4;

/** The unit that gpu.js itself uses for textures that no kernel reads. */
const SPARE_UNIT = 15;

/** How gpu.js makes a handle. */
type HandleClass = new (
  parts: Omit<TextureHandle, "type" | "delete"> & {
    readonly dimensions: readonly number[];
    readonly output: readonly number[];
  },
) => TextureHandle;

/** The memory of the context in which a first kernel ran. */
export class WebGlMemory implements Device {
  readonly synchronous = true;
  readonly onHost = false;
  readonly mostArguments = 7;
  readonly #where: string;
  readonly #example: TextureHandle;
  readonly #gl: WebGl;
  readonly #longestSide: number;

  /** @param example what a first kernel of one axis returned; its memory may be gone */
  constructor(where: string, example: TextureHandle) {
    this.#where = where;
    this.#example = example;
    this.#gl = example.context;
    this.#longestSide = Number(this.#gl.getParameter(this.#gl.MAX_TEXTURE_SIZE as number));
  }

  fits(size: number): boolean {
    return Math.max(...textureSize(size)) <= this.#longestSide;
  }

  upload(values: Values): Handle {
    const size = textureSize(values.length);
    const [width, height] = size as Int32Array & [number, number];
    if (!this.fits(values.length)) {
      throw tooLarge(this.#where, values.length, `a texture of ${this.#longestSide} by ${this.#longestSide} texels`);
    }
    const texels = new Float32Array(width * height * CHANNELS);
    texels.set(values);
    const gl = this.#gl;
    const { TEXTURE_2D } = gl;
    const texture = gl.createTexture();
    gl.activeTexture(gl.TEXTURE0 + SPARE_UNIT);
    gl.bindTexture(TEXTURE_2D, texture);
    for (const name of ["TEXTURE_WRAP_S", "TEXTURE_WRAP_T"]) {
      gl.texParameteri(TEXTURE_2D, gl[name] as number, gl.CLAMP_TO_EDGE as number);
    }
    for (const name of ["TEXTURE_MIN_FILTER", "TEXTURE_MAG_FILTER"]) {
      gl.texParameteri(TEXTURE_2D, gl[name] as number, gl.NEAREST as number);
    }
    gl.pixelStorei(gl.UNPACK_FLIP_Y_WEBGL as number, false);
    const { internalFormat } = this.#example;
    gl.texImage2D(TEXTURE_2D, 0, internalFormat, width, height, 0, gl.RGBA, gl.FLOAT, texels);
    return this.#wrap({ texture, size }, values.length);
  }

  read(handle: Handle, size: number): Values {
    const { texture, size: sides } = handle as TextureHandle;
    const [width, height] = sides as Int32Array & [number, number];
    const gl = this.#gl;
    const framebuffer = gl.createFramebuffer();
    const texels = new Float32Array(width * height * CHANNELS);
    gl.bindFramebuffer(gl.FRAMEBUFFER as number, framebuffer);
    gl.framebufferTexture2D(gl.FRAMEBUFFER as number, gl.COLOR_ATTACHMENT0 as number, gl.TEXTURE_2D, texture, 0);
    gl.readPixels(0, 0, width, height, gl.RGBA, gl.FLOAT, texels);
    gl.bindFramebuffer(gl.FRAMEBUFFER as number, null);
    gl.deleteFramebuffer(framebuffer);
    if (gl.isContextLost()) throw new BackendError(this.#where, "the context was lost while it was read");
    return texels.slice(0, size);
  }

  release(handle: Handle): void {
    const { texture } = handle as TextureHandle;
    (handle as TextureHandle).delete();
    // gpu.js forgets to where the kernel that made it is gone; to delete a texture twice does nothing
    if (!texture._refs) this.#gl.deleteTexture(texture);
  }

  /** The same texture as so many values one after the other, whatever rows its kernel saw. */
  adopt(result: unknown, size: number): Handle {
    const handle = result as Partial<TextureHandle> | undefined;
    const sides = textureSize(size);
    if (!handle?.texture || handle.size?.join() !== sides.join()) {
      throw new BackendError(this.#where, `a kernel did not return a texture of ${sides.join("×")} texels`);
    }
    const flat = this.#wrap(handle as TextureHandle, size);
    (handle as TextureHandle).delete();
    return flat;
  }

  isLost(): boolean {
    return this.#gl.isContextLost();
  }

  #wrap({ texture, size }: Pick<TextureHandle, "texture" | "size">, length: number): TextureHandle {
    const { context, kernel, internalFormat, textureFormat } = this.#example;
    const dimensions = [length, 1, 1];
    return new (this.#example.constructor as HandleClass)({
      ...{ texture, size, dimensions, output: [length] },
      ...{ context, kernel, internalFormat, textureFormat },
    });
  }
}

/** Width and height of the texture for so many values: as square as gpu.js makes it. */
export function textureSize(size: number): Int32Array {
  const texels = Math.ceil(size / CHANNELS);
  let high = Math.ceil(Math.sqrt(texels));
  let low = Math.floor(Math.sqrt(texels));
  while (high * low < texels) {
    high--;
    low = Math.ceil(texels / high);
  }
  return Int32Array.of(low, Math.ceil(texels / low));
}
