// What is done to a cell of a product before it is written, in the language of a shader.

import type { Activation } from "../backend.js";
import { ShaderDialect } from "./shader-dialect.js";
import { type ShaderLanguage, shaderFunctions } from "./shader-functions.js";

/** What a product ends with, as far as it decides the text of its kernel. */
export interface Ending {
  readonly biased: boolean;
  readonly activation?: Activation | undefined;
}

/** Whether a kernel can apply an activation: its parameters become literals, and there is none for infinity. */
export function canFuse({ parameters }: Activation): boolean {
  return parameters.every(Number.isFinite);
}

/** What tells one ending from another. */
export function endingKey({ biased, activation }: Ending): string {
  const function_ = activation ? ` ${activation.name}(${activation.parameters.join()})` : "";
  return `${biased ? " + bias" : ""}${function_}`;
}

/** The text of the functions `activate`, of one number, and of all that it calls; nothing without an activation. */
export function activationText(activation: Activation | undefined, language: ShaderLanguage): string {
  if (!activation) return "";
  const helpers = new Set<string>();
  const inputs = ["x", ...activation.parameters.map(literal)];
  const result = new ShaderDialect(language).apply(activation.name, inputs, helpers);
  const functions = shaderFunctions(helpers, language);
  return language === "wgsl"
    ? `${functions}\nfn activate(x : f32) -> f32 { return ${result}; }`
    : `${functions}\nfloat activate(float x) { return ${result}; }`;
}

/** A number as both languages write one of type float. */
function literal(value: number): string {
  const text = String(Math.fround(value));
  return /[.e]/.test(text) ? text : `${text}.0`;
}
