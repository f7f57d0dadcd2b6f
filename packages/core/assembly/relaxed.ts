// What gains by fused multiply-add, built once more with it: the tile of a product. Its bits may differ from one
// machine to another, so it is used where that was asked for.

export { productRows, takePanels } from "./product";
export { setThread } from "./thread";
