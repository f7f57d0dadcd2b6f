// Which version of the library this is, for the files that it writes.

/** The version in package.json; a test holds the two together. */
export const VERSION = "0.1.0";
