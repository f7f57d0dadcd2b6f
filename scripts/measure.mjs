// `npm run measure [-- options] [folders of runs]`: installs what it takes, builds it, and measures generators side by
// side. All options are the program's.

import { launch } from "./lib/launch.mjs";

await launch("measure");
