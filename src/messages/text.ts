/** What the text actor understands. It lives where no files are written: it reads messages that strangers wrote. */
export interface TextProtocol {
  /**
   * The texts of a message, or of its first bytes, that are searched: decoded, in the form in which texts are compared. Of very
   * long ones the first part. Whatever the bytes are, there is an answer.
   */
  "text.extract": {
    request: { readonly bytes: Uint8Array };
    reply: {
      /** Fields of the header and of the parts, each as a line `name: text`. */
      readonly header: string;
      /** Text of the parts that are text. */
      readonly body: string;
    };
  };
}
