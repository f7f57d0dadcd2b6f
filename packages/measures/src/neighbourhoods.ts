// Precision, recall, density and coverage: how two sets of features lie in each other's neighbourhoods.

import { ArgumentError, type Tensor } from "@adjoint/core";
import { visitSquaredDistances } from "./distances.js";

/** A set of features with a ball around each, which reaches to its k-th nearest neighbour in the set. */
export interface Neighbourhoods {
  /** [count, size]. */
  readonly features: Tensor;
  readonly neighbours: number;
  /** The squared radius of each ball. */
  readonly radii: Float32Array;
}

/** How well generated features cover real ones, and the other way round. */
export interface NeighbourhoodMeasures {
  /**
   * The share of generated features in the ball of a real one: are they like real ones? Kynkäänniemi et al., "Improved
   * Precision and Recall Metric for Assessing Generative Models" (2019), equation 1. From 0 to 1.
   */
  readonly precision: number;
  /** The share of real features in the ball of a generated one: is everything generated? The same. From 0 to 1. */
  readonly recall: number;
  /**
   * In how many balls of real features a generated one lies, divided by k: precision that outliers do not inflate. Naeem
   * et al., "Reliable Fidelity and Diversity Metrics for Generative Models" (2020), equation 4. From 0; about 1 for real ones.
   */
  readonly density: number;
  /** The share of real features with a generated one in their ball: recall likewise. Equation 5. From 0 to 1. */
  readonly coverage: number;
}

/**
 * Finds the radii.
 *
 * @param features [count, size]
 * @param neighbours k of the papers
 * @throws ArgumentError where a feature does not have so many neighbours
 */
export async function neighbourhoodsOf(features: Tensor, neighbours: number): Promise<Neighbourhoods> {
  const [count = 0] = features.shape;
  if (!Number.isSafeInteger(neighbours) || neighbours < 1 || count <= neighbours) {
    const found = `got ${neighbours} of ${count}`;
    throw new ArgumentError("neighbourhoodsOf", `needs a whole number ≥ 1 of neighbours, and more features, ${found}`);
  }
  const radii = new Float32Array(count);
  await visitSquaredDistances(features, features, ({ distances, firstRow, rows }) => {
    for (let i = 0; i < rows; i++) {
      radii[firstRow + i] = nearestOthers(distances, i * count, count, firstRow + i, neighbours);
    }
  });
  return { features, neighbours, radii };
}

/** The k-th smallest of a row of distances, that of the row to itself left out. */
function nearestOthers(distances: ArrayLike<number>, start: number, count: number, itself: number, k: number): number {
  const nearest = new Float32Array(k).fill(Infinity);
  let farthest = Infinity;
  for (let j = 0; j < count; j++) {
    const distance = distances[start + j] as number;
    if (distance >= farthest || j === itself) continue;
    // into its place among those found
    let place = k - 1;
    while (place > 0 && (nearest[place - 1] as number) > distance) {
      nearest[place] = nearest[place - 1] as number;
      place--;
    }
    nearest[place] = distance;
    farthest = nearest[k - 1] as number;
  }
  return farthest;
}

/**
 * Compares generated features with real ones. A feature on the edge of a ball lies in it.
 *
 * @throws ArgumentError where the two count other numbers of neighbours; ShapeError where they are of other sizes
 */
export async function compareNeighbourhoods(
  real: Neighbourhoods,
  generated: Neighbourhoods,
): Promise<NeighbourhoodMeasures> {
  const { neighbours } = real;
  if (generated.neighbours !== neighbours) {
    const found = `${neighbours} and ${generated.neighbours}`;
    throw new ArgumentError("compareNeighbourhoods", `both need the same number of neighbours, got ${found}`);
  }
  const [realCount, generatedCount] = [real.radii.length, generated.radii.length];
  const covered = new Uint8Array(realCount);
  const recalled = new Uint8Array(realCount);
  let [precise, memberships] = [0, 0];
  await visitSquaredDistances(generated.features, real.features, ({ distances, firstRow, rows }) => {
    for (let i = 0; i < rows; i++) {
      const radius = generated.radii[firstRow + i] as number;
      let balls = 0;
      for (let j = 0; j < realCount; j++) {
        const distance = distances[i * realCount + j] as number;
        if (distance <= radius) recalled[j] = 1;
        if (distance > (real.radii[j] as number)) continue;
        balls++;
        covered[j] = 1;
      }
      if (balls > 0) precise++;
      memberships += balls;
    }
  });
  const share = (marks: Uint8Array) => marks.reduce((sum, mark) => sum + mark, 0) / realCount;
  return {
    precision: precise / generatedCount,
    recall: share(recalled),
    density: memberships / (neighbours * generatedCount),
    coverage: share(covered),
  };
}
