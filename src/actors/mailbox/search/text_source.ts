/** What of a message is searched by its words: decoded, in the form in which texts are compared. */
export interface MessageTexts {
  /** Fields of the header and of its parts, each as a line `name: text`, name and text in that form. */
  readonly header: string;
  /** Text of the parts that are text. */
  readonly body: string;
}

/** A message whose texts are wanted. */
export interface TextMessage {
  /** Names the content: equal for copies, never used again in this worker. */
  readonly content: string;
  /** Bytes. */
  readonly size: number;
  /** The first `length` bytes. Throws Failure `not_found` when the message is gone. */
  read(length: number): Uint8Array;
}

/**
 * Where the texts of messages come from. Bytes from outside are not parsed where files are written, so whoever has the texts
 * at hand answers from them, and whoever has not asks another worker.
 */
export interface TextSource {
  /** Rejects with Failure: `not_found` when the message is gone, else when the texts cannot be had now. */
  texts(message: TextMessage): Promise<MessageTexts>;
}
