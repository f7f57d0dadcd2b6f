// Windows of more axes than rows and columns: pieces of rows × columns, counted by the outer axes. A table at `axes`
// has for each of them, the outermost first, its extent and then the stride of each operand, in elements.

/** Bytes from the beginning of operand `operand` of `operands` to its piece `piece`, counted along `count` axes. */
export function startOf(axes: usize, count: usize, operands: usize, operand: usize, piece: usize): isize {
  const width = 4 * (1 + operands);
  let start: isize = 0;
  for (let at = axes + count * width; at > axes;) {
    at -= width;
    const extent = <usize>load<u32>(at);
    const next = piece / extent;
    start += <isize>(piece - next * extent) * <isize>load<i32>(at + 4 * (1 + operand));
    piece = next;
  }
  return 4 * start;
}
