// tanh of any number of elements: assembly/tanh.mjs has the function, which takes whole vectors.

import { loadPart, storePart } from "./lanes";
import { ownPlace } from "./thread";

// @ts-ignore: decorator
@external("assembly", "tanh")
declare function tanh(x: usize, out: usize, vectors: usize): void;

/** out[i] = tanh x[i]. `out` may be `x`. */
export function hyperbolicTangent(x: usize, out: usize, count: usize): void {
  const vectors = count / 4;
  tanh(x, out, vectors);
  const rest = count & 3;
  if (!rest) return;
  const place = ownPlace();
  v128.store(place, loadPart(x + vectors * 16, rest));
  tanh(place, place, 1);
  storePart(out + vectors * 16, v128.load(place), rest);
}
