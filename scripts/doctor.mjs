// `npm run doctor [-- options]`: installs what it takes, builds the library, and examines this machine: what
// `npx adjoint doctor` does where the library is installed as a package. All options are the doctor's.

import { launch } from "./lib/launch.mjs";

process.argv.splice(2, 0, "doctor");
await launch("core", "bin/adjoint.mjs");
