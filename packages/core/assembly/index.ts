// What the module exports. Byte addresses everywhere, sizes in elements; nothing allocates, nothing traps, nothing
// keeps a state between calls.

export { binary, binaryPieces, select, selectPieces } from "./binary";
export { copyBytes, copyPieces, copyWindow, fill, gatherRows, scaleBytes, scatterRows } from "./copying";
export { epilogue } from "./epilogue";
export { adam, rmsprop, sgd } from "./optimizer";
export { packB } from "./packing";
export { productRows, productScratch } from "./product";
export { fillNormal, fillUniform } from "./random";
export { argMax, combineBlocks, reduceBlocks, reduceColumns, reduceRows } from "./reduction";
export { outerProduct, rowsTimesVector, vectorTimesRows } from "./thin-product";
export { setThread } from "./thread";
export { activationGradient, unary } from "./unary";
export { sleepWhile, spinWhile } from "./waiting";
export { gatherWindows, scatterWindows } from "./windows";
export {
  winogradImages, winogradKernel, winogradKernelBack, winogradResults, winogradResultsBack,
} from "./winograd";
