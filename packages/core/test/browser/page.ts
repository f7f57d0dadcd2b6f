// The page of the browser tests: runs programs in itself, or in a new Web Worker each.

import { type ProgramReply, type ProgramRequest, reply } from "./programs.js";

declare global {
  var runProgram: (place: "page" | "worker", request: ProgramRequest) => Promise<ProgramReply>;
}

globalThis.runProgram = (place, request) => (place === "page" ? reply(request) : replyOfWorker(request));

function replyOfWorker(request: ProgramRequest): Promise<ProgramReply> {
  const worker = new Worker("/worker.js", { type: "module" });
  const answer = new Promise<ProgramReply>((resolve, reject) => {
    worker.onmessage = ({ data }: MessageEvent<ProgramReply>) => resolve(data);
    worker.onerror = ({ message }) => reject(new Error(`the Web Worker failed: ${message}`));
  });
  worker.postMessage(request);
  return answer.finally(() => worker.terminate());
}
