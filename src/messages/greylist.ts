/** What the greylist actor understands. */
export interface GreylistProtocol {
  /** Whether mail from there, of this sender, to this recipient is let in now; notes that it came. */
  "greylist.check": {
    request: {
      /** Address of the client. */
      readonly remote: string;
      /** Empty: the null reverse-path. */
      readonly sender: string;
      readonly recipient: string;
    };
    reply: { readonly passes: boolean };
  };
  /** Sent by the actor to itself: keeps what has changed. */
  "greylist.keep": { request: null; reply: void };
}
