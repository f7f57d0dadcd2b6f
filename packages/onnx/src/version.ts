// What an exported file says about its producer.

/** The version in package.json; a test compares the two. */
export const VERSION = "0.1.0";
