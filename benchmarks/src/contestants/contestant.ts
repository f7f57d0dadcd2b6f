// A contestant as the main process sees it: a process that is asked one thing at a time.

import { type Channel, startNode, startPython } from "./channels.js";
import type { About, Answer, ContestantSpec, Request, Task } from "./protocol.js";

/** A request without its number. */
type Question = Request extends infer R ? (R extends Request ? Omit<R, "id"> : never) : never;

interface Waiting {
  readonly resolve: (answer: Answer) => void;
  readonly reject: (reason: Error) => void;
}

/** A library in a process of its own. All methods reject with an Error that says what the process complained about. */
export class Contestant {
  readonly name: string;
  readonly spec: ContestantSpec;
  readonly #channel: Channel;
  readonly #waiting = new Map<number, Waiting>();
  #lastId = 0;
  #ended: string | undefined;

  /** @param python the interpreter for a contestant that runs in Python */
  constructor(name: string, spec: ContestantSpec, python?: string) {
    this.name = name;
    this.spec = spec;
    const listener = {
      answered: (answer: Answer) => this.#answered(answer),
      ended: (reason: string) => this.#end(reason),
    };
    this.#channel = python ? startPython(python, spec, listener) : startNode(spec, listener);
  }

  /** What it is. Loads the library. */
  async about(): Promise<About> {
    const { about } = await this.#ask({ action: "about" });
    return about ?? { versions: {}, threads: this.spec.threads };
  }

  /** Makes work ready under a name, does it once, and returns what it gives. */
  async prepare(key: string, task: Task): Promise<Float32Array> {
    const { result } = await this.#ask({ action: "prepare", key, task });
    return result ?? new Float32Array();
  }

  /** Does prepared work that often; the milliseconds that it took, by the process's own clock. */
  async time(key: string, calls: number): Promise<number> {
    const { milliseconds } = await this.#ask({ action: "run", key, calls });
    return milliseconds ?? Number.NaN;
  }

  /** Gives prepared work back. */
  async forget(key: string): Promise<void> {
    await this.#ask({ action: "forget", key });
  }

  /** Ends the process. */
  close(): void {
    this.#channel.close();
  }

  #ask(question: Question): Promise<Answer> {
    if (this.#ended) return Promise.reject(new Error(this.#ended));
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#channel.send({ id, ...question });
    });
  }

  #answered(answer: Answer): void {
    const waiting = this.#waiting.get(answer.id);
    this.#waiting.delete(answer.id);
    if (answer.error === undefined) waiting?.resolve(answer);
    else waiting?.reject(new Error(answer.error));
  }

  #end(reason: string): void {
    this.#ended ??= reason;
    for (const { reject } of this.#waiting.values()) reject(new Error(reason));
    this.#waiting.clear();
  }
}
