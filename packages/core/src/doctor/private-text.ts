// Reports are pasted where others read them: paths name people and their projects.

/** A library's file name says which it is, and nothing about whose machine it is on. */
const LIBRARY = /^[\w.+-]+\.(so[.\d]*|dylib|dll|node)$/i;

/** An absolute or a relative path of POSIX or Windows, as far as it goes without a space, or a file's address. */
const PATH = /(?:file:\/\/|\b[A-Za-z]:[\\/]|\\\\|(?<![\w.\])/])(?:~|\.{1,2})?\/)[^\s'"`()<>,;:]+(?::\d+)*/g;

/**
 * A text in which paths are replaced by `<path>`, or by the name of the library that they lead to.
 *
 * @param folders whose names may have spaces, and are replaced first: the home folder and the working one by default
 */
export function withoutPaths(text: string, folders: readonly string[] = ownFolders()): string {
  const known = folders.filter((folder) => folder.length > 1).toSorted((a, b) => b.length - a.length);
  const shortened = known.reduce((rest, folder) => rest.replaceAll(folder, "/folder"), text);
  return shortened.replace(PATH, (path) => {
    const last = path.split(/[\\/]/).at(-1) ?? "";
    return LIBRARY.test(last) ? last : "<path>";
  });
}

interface NodeProcess {
  cwd?(): string;
  getBuiltinModule?(name: string): unknown;
}

function ownFolders(): string[] {
  const { process } = globalThis as { process?: NodeProcess };
  const system = process?.getBuiltinModule?.("node:os") as { homedir(): string } | undefined;
  return [process?.cwd?.(), system?.homedir()].filter((folder) => folder !== undefined);
}
