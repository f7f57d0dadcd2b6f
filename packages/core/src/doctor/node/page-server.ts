// The doctor's page: served from this machine to this machine, with the headers that let it have threads, straight from
// the build of the library and from the gpu.js that is installed beside it.

import { BackendError } from "../../errors.js";
import { PAGE } from "./page.js";

/** A server that listens. */
export interface PageServer {
  /** `http://127.0.0.1:…/` */
  readonly address: string;
  close(): void;
}

// The little of Node that is needed, so that the core is compiled without the types of Node.
interface Request {
  readonly url?: string;
}
interface Response {
  writeHead(status: number, headers: Readonly<Record<string, string>>): void;
  end(text: string): void;
}
interface Server {
  listen(port: number, host: string, listening: () => void): void;
  on(event: "error", listener: (error: Error) => void): void;
  address(): { readonly port: number } | string | null;
  close(): void;
  closeAllConnections(): void;
}
interface Http {
  createServer(answer: (request: Request, response: Response) => void): Server;
}
interface Files {
  readFile(path: URL | string, encoding: "utf8"): Promise<string>;
}
interface Modules {
  createRequire(from: URL): { resolve(name: string): string };
}

/** With these a page may share memory with its workers; and nothing but what this serves gets into it. */
const HEADERS = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
  "Cache-Control": "no-store",
};

/** gpu.js as the module that the library imports: the file for browsers is a script that leaves a global behind. */
const GPU_MODULE = `import "/gpu-browser.js";\nexport default globalThis.GPU;\n`;

/**
 * Serves the page on 127.0.0.1.
 *
 * @param build the folder of the library's build
 * @param port 0 for any that is free
 * @throws BackendError where the port cannot be had
 */
export async function servePage(build: URL, port: number): Promise<PageServer> {
  const server = nodeModule<Http>("node:http").createServer(({ url = "/" }, response) => {
    const path = url.split("?", 1)[0] ?? "/";
    contentOf(path, build).then(
      (content) => send(response, 200, path === "/" ? "text/html" : "text/javascript", content),
      () => send(response, 404, "text/plain", "there is no such file"),
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.on("error", ({ message }) => reject(new BackendError("doctor", `the page cannot be served: ${message}`)));
    server.listen(port, "127.0.0.1", resolve);
  });
  const listening = server.address();
  const actual = typeof listening === "object" && listening ? listening.port : port;
  const close = (): void => {
    server.close();
    server.closeAllConnections();
  };
  return { address: `http://127.0.0.1:${actual}/`, close };
}

async function contentOf(path: string, build: URL): Promise<string> {
  if (path === "/") return PAGE;
  const files = nodeModule<Files>("node:fs/promises");
  const { resolve } = nodeModule<Modules>("node:module").createRequire(build);
  if (path === "/gpu.js") return GPU_MODULE;
  if (path === "/gpu-browser.js") {
    const manifest = resolve("gpu.js/package.json");
    return files.readFile(manifest.replace(/package\.json$/, "dist/gpu-browser.min.js"), "utf8");
  }
  // a name, so that nothing outside of the folder is found
  const [, name] = /^\/adjoint\/([\w-]+\.js)$/.exec(path) ?? [];
  if (!name) throw new BackendError("doctor", `${path} is not served`);
  return files.readFile(new URL(name, build), "utf8");
}

function send(response: Response, status: number, type: string, content: string): void {
  response.writeHead(status, { ...HEADERS, "Content-Type": `${type}; charset=utf-8` });
  response.end(content);
}

function nodeModule<Module>(name: string): Module {
  const { process } = globalThis as { process?: { getBuiltinModule?(name: string): unknown } };
  const module = process?.getBuiltinModule?.(name) as Module | undefined;
  if (!module) throw new BackendError("doctor", `there is no ${name} here; Node ≥ 20.19 has it`);
  return module;
}
