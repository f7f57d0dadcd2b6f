// What the module exports. Byte addresses everywhere, sizes in elements; nothing allocates, nothing traps, and
// but for the queue of jobs nothing keeps a state between calls.

export { binary, binaryPieces, select, selectPieces } from "./binary";
export { copyBytes, copyPieces, copyWindow, fill, gatherRows, scaleBytes, scatterRows, storeIntegers } from "./copying";
export { epilogue } from "./epilogue";
export { awaitPart, endPart, placeOfParts, publish, sleep, takePart } from "./jobs";
export { adam, rmsprop, sgd } from "./optimizer";
export { packB, packedSize } from "./packing";
export { productRows, productScratch, takePanels } from "./product";
export { fillNormal, fillUniform } from "./random";
export { argMax, combineBlocks, reduceBlocks, reduceColumns, reduceRows } from "./reduction";
export { outerProduct, rowsTimesVector, vectorTimesRows } from "./thin-product";
export { setThread } from "./thread";
export { addToTotals } from "./totals";
export { activationGradient, unary } from "./unary";
export { gatherWindows, scatterWindows } from "./windows";
export {
  winogradImages, winogradKernel, winogradKernelBack, winogradResults, winogradResultsBack,
} from "./winograd";
