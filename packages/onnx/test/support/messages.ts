// Reads protocol buffers without knowing what is in them, so that a test says itself which field it looks at.

import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";

/** The fields of a message by number, each as often as it occurs. */
export class Message {
  readonly #fields = new Map<number, (Uint8Array | number)[]>();

  constructor(bytes: Uint8Array) {
    const reader = new BinaryReader(bytes);
    while (reader.pos < reader.len) {
      const [number, type] = reader.tag();
      const values = this.#fields.get(number) ?? [];
      if (type === WireType.Varint) values.push(Number(reader.int64()));
      else if (type === WireType.Bit32) values.push(reader.float());
      else values.push(reader.bytes());
      this.#fields.set(number, values);
    }
  }

  numbers(number: number): number[] {
    return (this.#fields.get(number) ?? []) as number[];
  }

  bytes(number: number): Uint8Array[] {
    return (this.#fields.get(number) ?? []) as Uint8Array[];
  }

  texts(number: number): string[] {
    return this.bytes(number).map((bytes) => new TextDecoder().decode(bytes));
  }

  messages(number: number): Message[] {
    return this.bytes(number).map((bytes) => new Message(bytes));
  }

  /** The message in the first of these fields. */
  message(number: number): Message {
    const [first] = this.messages(number);
    if (!first) throw new Error(`there is no field ${number}`);
    return first;
  }
}
