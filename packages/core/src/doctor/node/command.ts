// The command `adjoint`: `adjoint doctor` prints a diagnosis of this machine, or serves the page that makes one in a
// browser.

import { AdjointError } from "../../errors.js";
import { CANDIDATES, type Candidate } from "../candidates.js";
import { checkNames, diagnose } from "../diagnose.js";
import { formatDiagnosis } from "../format.js";
import { servePage } from "./page-server.js";

/** Where a command writes, and where the library's build lies. */
export interface CommandContext {
  readonly out: (text: string) => void;
  readonly error: (text: string) => void;
  readonly build: URL;
  /** What is examined instead of the library's backends. */
  readonly candidates?: readonly Candidate[];
}

const HELP = `Usage: adjoint doctor [options]

Examines every backend and mode that this machine has: values and gradients against float64, whether the same bits
come out twice, speed; and says what is missing for the others. For half a minute; made to be pasted into bug reports.

  --quick          measures less
  --only <names>   examines these alone, separated by commas: --only wasm,blas
  --json           prints JSON, with every op's error
  --browser        serves a page that does the same in a browser, with the options above, until it is interrupted
  --port <number>  with --browser, where that listens on 127.0.0.1; by default wherever there is room
  --help           prints this

Ends with 1 where a backend that is there computes wrongly, with 2 where it was not understood.
`;

interface Request {
  quick: boolean;
  json: boolean;
  browser: boolean;
  help: boolean;
  only?: readonly string[];
  port?: number;
}

/** Runs the command. Returns the code to end with; `--browser` goes on until the process is ended. */
export async function runCommand(args: readonly string[], context: CommandContext): Promise<number> {
  const request = parse(args);
  if (typeof request === "string") {
    context.error(`adjoint: ${request}\n\n${HELP}`);
    return 2;
  }
  if (request.help) {
    context.out(HELP);
    return 0;
  }
  try {
    return request.browser ? await serve(request, context) : await print(request, context);
  } catch (error) {
    if (!(error instanceof AdjointError)) throw error;
    context.error(`adjoint: ${error.message}\n`);
    return 2;
  }
}

async function print({ quick, only, json }: Request, { out, error, candidates }: CommandContext): Promise<number> {
  const onProgress = (name: string): void => error(`examining ${name} …\n`);
  const diagnosis = await diagnose({ quick, onProgress, ...(only && { only }), ...(candidates && { candidates }) });
  out(json ? `${JSON.stringify(diagnosis, undefined, 2)}\n` : formatDiagnosis(diagnosis));
  return diagnosis.healthy ? 0 : 1;
}

async function serve({ port = 0, ...asked }: Request, { out, build }: CommandContext): Promise<number> {
  checkNames(asked.only, CANDIDATES);
  const { address } = await servePage(build, port);
  out(`Open ${address}${queryOf(asked)} in the browser to examine; Ctrl+C ends this.\n`);
  return 0;
}

/** The options of the command as the page takes them. */
function queryOf({ quick, json, only }: Pick<Request, "quick" | "json" | "only">): string {
  const flags = [...(quick ? ["quick"] : []), ...(json ? ["json"] : [])];
  const parts = [...flags, ...(only ? [`only=${encodeURIComponent(only.join())}`] : [])];
  return parts.length > 0 ? `?${parts.join("&")}` : "";
}

/** What was asked for, or what was not understood. */
function parse(args: readonly string[]): Request | string {
  const request: Request = { quick: false, json: false, browser: false, help: false };
  const [command, ...rest] = args;
  if (command === undefined || command === "--help" || command === "-h") return { ...request, help: true };
  if (command !== "doctor") return `"${command}" is no command; there is doctor`;
  while (rest.length > 0) {
    const option = rest.shift() ?? "";
    if (option === "--quick" || option === "--json" || option === "--browser" || option === "--help") {
      request[option.slice(2) as "quick" | "json" | "browser" | "help"] = true;
    } else if (option === "--only" && rest.length > 0) {
      request.only = (rest.shift() ?? "").split(",").map((name) => name.trim());
    } else if (option === "--port" && /^\d{1,5}$/.test(rest[0] ?? "")) {
      request.port = Number(rest.shift());
    } else {
      return `"${option}" is no option, or what follows it is wrong`;
    }
  }
  return contradiction(request) ?? request;
}

/** What one option asks for and another makes impossible. */
function contradiction({ browser, port }: Request): string | undefined {
  return browser || port === undefined ? undefined : "--port is of no use without --browser";
}
