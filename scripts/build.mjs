// `npm run build`: installs everything and builds every part of the workspace whose sources have changed.
// After it, `npx vitest` finds what the package tests need.

import { buildOrExit } from "./lib/build.mjs";
import { install } from "./lib/install.mjs";
import { PROJECT_NAMES } from "./lib/workspace.mjs";

const { code } = await install("everything");
if (code !== 0) process.exit(code);
await buildOrExit(PROJECT_NAMES);
