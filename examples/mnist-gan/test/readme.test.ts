// README.md says what --help says.

import { describe } from "vitest";
import { itHasATrueReadme } from "../../common/test/readme.js";
import { mnistGan } from "../src/mnist-gan.js";

describe("README.md", () => {
  itHasATrueReadme(mnistGan, new URL("../README.md", import.meta.url));
});
