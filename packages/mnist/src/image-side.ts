// What models need to know of MNIST, without the reading of files: browsers have no files.

/** Pixels along one side of an image. */
export const IMAGE_SIDE = 28;
