// The Web Worker of the browser tests: runs the program that it is sent.

import { type ProgramRequest, reply } from "./programs.js";

globalThis.onmessage = async ({ data }: MessageEvent<ProgramRequest>) => {
  globalThis.postMessage(await reply(data));
};
