/** What the text actor understands. It lives where no files are written: it reads messages that strangers wrote. */
export interface TextProtocol {
  /**
   * The texts of a message, or of its first bytes, that are searched: decoded, in the form in which texts are compared. Of very
   * long ones the first part. Whatever the bytes are, there is an answer.
   */
  "text.extract": {
    request: { readonly bytes: Uint8Array };
    reply: {
      /** UTF-8: an LF, then the fields of the header, each as a line `name: text` that an LF ends. */
      readonly header: Uint8Array;
      /** UTF-8: text of the parts that are text. */
      readonly body: Uint8Array;
    };
  };
  /** The MIME index of a message; null when none is kept of one like this. */
  "text.index": { request: { readonly bytes: Uint8Array }; reply: { readonly index: Uint8Array | null } };
}
