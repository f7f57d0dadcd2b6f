// Drawing with programs of our own in the context of gpu.js, from textures to textures of four float32 a texel.
//
// gpu.js sets what a kernel needs when it runs it, but for two things, which `finish` puts back: the viewport, which it
// sets to the size of its canvas when it builds a kernel, and the arrays of attributes, which belong to the vertex array
// object that is bound. The scissor test it leaves switched on, and sets its box anew.

import { BackendError } from "../../errors.js";

/** Width and height, in texels. */
export type Sides = readonly [width: number, height: number];

/** Somewhere to draw to. */
export interface Target {
  readonly framebuffer: WebGLFramebuffer;
  readonly textures: readonly WebGLTexture[];
  readonly sides: Sides;
}

/** The rectangle that is drawn: one triangle that covers it, without any attribute. */
const VERTEX_SHADER = `#version 300 es
void main() {
  gl_Position = vec4(gl_VertexID == 1 ? 3.0 : -1.0, gl_VertexID == 2 ? 3.0 : -1.0, 0.0, 1.0);
}`;

/** Programs, textures and framebuffers in one context. */
export class Drawing {
  readonly #where: string;
  readonly #gl: WebGL2RenderingContext;
  readonly #vertices: WebGLVertexArrayObject;
  readonly #output: WebGLFramebuffer;

  constructor(where: string, gl: WebGL2RenderingContext) {
    this.#where = where;
    this.#gl = gl;
    this.#vertices = gl.createVertexArray();
    this.#output = gl.createFramebuffer();
  }

  /** A texture whose values are not set. */
  createTexture([width, height]: Sides): WebGLTexture {
    const gl = this.#gl;
    const texture = gl.createTexture();
    gl.activeTexture(gl.TEXTURE0);
    gl.bindTexture(gl.TEXTURE_2D, texture);
    gl.texStorage2D(gl.TEXTURE_2D, 1, gl.RGBA32F, width, height);
    for (const name of [gl.TEXTURE_MIN_FILTER, gl.TEXTURE_MAG_FILTER]) {
      gl.texParameteri(gl.TEXTURE_2D, name, gl.NEAREST);
    }
    for (const name of [gl.TEXTURE_WRAP_S, gl.TEXTURE_WRAP_T]) {
      gl.texParameteri(gl.TEXTURE_2D, name, gl.CLAMP_TO_EDGE);
    }
    return texture;
  }

  /**
   * So many textures of one size, that a program writes to together.
   *
   * @throws BackendError where the context cannot draw to them
   */
  createTarget(sides: Sides, count: number): Target {
    const gl = this.#gl;
    const textures = Array.from({ length: count }, () => this.createTexture(sides));
    const target = { framebuffer: gl.createFramebuffer(), textures, sides };
    gl.bindFramebuffer(gl.FRAMEBUFFER, target.framebuffer);
    const attachments = textures.map((texture, i) => {
      gl.framebufferTexture2D(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0 + i, gl.TEXTURE_2D, texture, 0);
      return gl.COLOR_ATTACHMENT0 + i;
    });
    gl.drawBuffers(attachments);
    const status = gl.checkFramebufferStatus(gl.FRAMEBUFFER);
    if (status === gl.FRAMEBUFFER_COMPLETE) return target;
    this.deleteTarget(target);
    const what = `${count} textures of ${sides.join("×")} texels`;
    throw new BackendError(this.#where, `cannot draw to ${what} here (status ${status})`);
  }

  deleteTarget({ framebuffer, textures }: Target): void {
    this.#gl.deleteFramebuffer(framebuffer);
    for (const texture of textures) this.#gl.deleteTexture(texture);
  }

  /**
   * A program whose samplers are called input0, input1, ….
   *
   * @throws BackendError where the context refuses it
   */
  createProgram(fragmentShader: string): WebGLProgram {
    const gl = this.#gl;
    const program = gl.createProgram();
    const shaders = [
      [gl.VERTEX_SHADER, VERTEX_SHADER],
      [gl.FRAGMENT_SHADER, fragmentShader],
    ] as const;
    for (const [kind, source] of shaders) {
      const shader = gl.createShader(kind);
      if (!shader) throw new BackendError(this.#where, "the context makes no shader; it may be lost");
      gl.shaderSource(shader, source);
      gl.compileShader(shader);
      gl.attachShader(program, shader);
      // it goes with the program
      gl.deleteShader(shader);
    }
    gl.linkProgram(program);
    if (!gl.getProgramParameter(program, gl.LINK_STATUS)) throw this.#refusal(program);
    gl.useProgram(program);
    const samplers = Number(gl.getProgramParameter(program, gl.ACTIVE_UNIFORMS));
    for (let i = 0; i < samplers; i++) gl.uniform1i(gl.getUniformLocation(program, `input${i}`), i);
    return program;
  }

  deleteProgram(program: WebGLProgram): void {
    this.#gl.deleteProgram(program);
  }

  /** Has a program compute every texel of a target. */
  draw(program: WebGLProgram, inputs: readonly WebGLTexture[], { framebuffer, sides }: Target): void {
    const gl = this.#gl;
    gl.bindVertexArray(this.#vertices);
    gl.useProgram(program);
    inputs.forEach((texture, i) => {
      gl.activeTexture(gl.TEXTURE0 + i);
      gl.bindTexture(gl.TEXTURE_2D, texture);
    });
    gl.bindFramebuffer(gl.FRAMEBUFFER, framebuffer);
    gl.viewport(0, 0, ...sides);
    gl.scissor(0, 0, ...sides);
    gl.drawArrays(gl.TRIANGLES, 0, 3);
  }

  /** Has a program compute a new texture. */
  drawTexture(program: WebGLProgram, inputs: readonly WebGLTexture[], sides: Sides): WebGLTexture {
    const gl = this.#gl;
    const texture = this.createTexture(sides);
    const attach = (attached: WebGLTexture | null): void => {
      gl.bindFramebuffer(gl.FRAMEBUFFER, this.#output);
      gl.framebufferTexture2D(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0, gl.TEXTURE_2D, attached, 0);
    };
    attach(texture);
    this.draw(program, inputs, { framebuffer: this.#output, textures: [texture], sides });
    // a texture that is attached is kept in memory even after it was deleted
    attach(null);
    return texture;
  }

  /** Puts back what gpu.js takes for granted. */
  finish(): void {
    const gl = this.#gl;
    gl.bindFramebuffer(gl.FRAMEBUFFER, null);
    gl.bindVertexArray(null);
    gl.viewport(0, 0, gl.canvas.width, gl.canvas.height);
  }

  close(): void {
    this.#gl.deleteVertexArray(this.#vertices);
    this.#gl.deleteFramebuffer(this.#output);
  }

  #refusal(program: WebGLProgram): BackendError {
    const gl = this.#gl;
    const logs = gl.getAttachedShaders(program)?.map((shader) => gl.getShaderInfoLog(shader)) ?? [];
    const problem = [gl.getProgramInfoLog(program), ...logs].filter(Boolean).join("; ");
    gl.deleteProgram(program);
    return new BackendError(this.#where, `a shader was refused: ${problem || "the context may be lost"}`);
  }
}
