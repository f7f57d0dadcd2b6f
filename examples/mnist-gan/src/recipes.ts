// How the same two networks are trained: as in the article, or so that the pictures become better.

import { choiceOption } from "@adjoint/example-common";

/** What a recipe sets. */
export interface Recipe {
  /** Adam's rate, for both networks, where none was asked for. */
  readonly learningRate: number;
  /** Adam's β₁. */
  readonly beta1: number;
  /** The decay of the generator's moving average, where it is that which makes the pictures. */
  readonly averageDecay?: number;
}

/** By the names that `--recipe` takes. README.md says why the tuned one is as it is. */
export const RECIPES = {
  article: { learningRate: 0.001, beta1: 0.9 },
  tuned: { learningRate: 0.002, beta1: 0.5, averageDecay: 0.9995 },
} as const satisfies Record<string, Recipe>;

/** Options of this program alone. */
export interface GanOptions {
  readonly recipe: keyof typeof RECIPES;
}

/** `--recipe`. */
export const RECIPE_OPTION = choiceOption(
  "--recipe <name>",
  "as in the article, or tuned for better pictures",
  Object.keys(RECIPES),
).default("article");
