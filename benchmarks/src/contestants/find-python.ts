// Which python3 has a package: there may be several on the path, and only one of them PyTorch.

import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";

/** The first python3 on the path that imports a package, or null. */
export function findPython(packageName: string): string | null {
  const folders = [...new Set((process.env.PATH ?? "").split(delimiter))];
  for (const folder of folders) {
    const python = join(folder, "python3");
    if (!existsSync(python)) continue;
    const { status } = spawnSync(python, ["-c", `import ${packageName}`], { stdio: "ignore" });
    if (status === 0) return python;
  }
  return null;
}
