// The page of the tests of products on the devices of a browser.

import { type CheckName, checkProducts, type Findings } from "./product-program.js";
import { checkTiles } from "./product-tiles-program.js";

declare global {
  var checkProductsIn: (mode: "webgpu" | "webgl2", name: CheckName, long: boolean) => Promise<Findings>;
  var checkTilesHere: (long: boolean) => Promise<Findings>;
}

globalThis.checkProductsIn = checkProducts;
globalThis.checkTilesHere = checkTiles;
