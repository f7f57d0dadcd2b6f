// @adjoint/measures: how good a generator of MNIST digits is.

export { type ClassMeasures, measureClasses } from "./class-measures.js";
export { FIGURES, type Figure, formatFigure, numbersOf, spreadOf } from "./figures.js";
export { frechetDistance } from "./frechet-distance.js";
export { Judge, MEASURED_IMAGES, type Measures, type NearestSummary } from "./judge.js";
export { type Moments, momentsOf } from "./moments.js";
export { findNearestImages, type NearestImages } from "./nearest-images.js";
export {
  compareNeighbourhoods,
  type NeighbourhoodMeasures,
  type Neighbourhoods,
  neighbourhoodsOf,
} from "./neighbourhoods.js";
export { describeSeeds, type Reference, readReference, type SeedMeasures, writeReference } from "./reference.js";
