/** A worker that gets a document from 127.0.0.1 when told to, and says how that went. */
import { asFailure, systemClock } from "../../../src/base/mod.ts";
import { httpsGet } from "../../../src/net/mod.ts";

const scope = self as unknown as {
  onmessage: (event: MessageEvent<{ host: string; port: number; ca?: string }>) => void;
  postMessage(message: unknown): void;
};
scope.onmessage = async ({ data }) => {
  try {
    const body = await httpsGet({
      ...data,
      path: "/",
      mediaType: "text/plain",
      bytesMax: 65_536,
      timeMsMax: 10_000,
      resolver: {
        a: () => Promise.resolve({ type: "found", records: ["127.0.0.1"], secure: false }),
        aaaa: () => Promise.resolve({ type: "nodata", secure: false }),
      },
      isForbidden: () => false,
      clock: systemClock(),
    });
    scope.postMessage(`${body.length} bytes`);
  } catch (error) {
    scope.postMessage(asFailure(error)?.kind ?? String(error));
  }
};
