// A server for the browser tests: one page and its scripts, with or without the headers that isolate it from others.

import { createServer, type ServerResponse } from "node:http";

/** A server that runs. */
export interface TestServer {
  /** Where it listens: `http://127.0.0.1:…/`. */
  readonly address: string;
  /** The paths that were asked for, in order. */
  readonly requests: readonly string[];
  close(): Promise<void>;
}

const PAGE = `<!doctype html>
<title>adjoint</title>
<link rel="icon" href="data:,">
<script type="module" src="/page.js"></script>
`;

/** The headers with which a page may share memory with its workers. */
const ISOLATING = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
};

/** Serves a page with scripts by their names, and nothing else. */
export async function serve(
  scripts: ReadonlyMap<string, string>,
  { isolated, headers = {} }: { isolated: boolean; headers?: Readonly<Record<string, string>> },
): Promise<TestServer> {
  const requests: string[] = [];
  const server = createServer(({ url = "" }, response) => {
    requests.push(url);
    const all = { ...(isolated ? ISOLATING : {}), ...headers };
    const script = scripts.get(url.slice(1));
    if (url === "/") send(response, 200, { ...all, "Content-Type": "text/html; charset=utf-8" }, PAGE);
    else if (script) send(response, 200, { ...all, "Content-Type": "text/javascript; charset=utf-8" }, script);
    else send(response, 404, { "Content-Type": "text/plain" }, "there is no such file");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const listening = server.address();
  if (typeof listening !== "object" || listening === null) throw new Error("the server has no port");
  return {
    address: `http://127.0.0.1:${listening.port}/`,
    requests,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function send(response: ServerResponse, status: number, headers: Record<string, string>, text: string): void {
  response.writeHead(status, headers);
  response.end(text);
}
