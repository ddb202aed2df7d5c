/** A client of Marionette, the remote control that Thunderbird and Firefox have built in. */
import { Buffer } from "node:buffer";
import { Wire } from "./wire.ts";

/** A script failed in the program, or a command was refused. */
export class MarionetteError extends Error {
  override name = "MarionetteError";
}

/** Longest run of one script in the program, in ms. */
const SCRIPT_MS_MAX = 60_000;

/** A session with one program: its scripts see all that its own windows see. */
export class Marionette implements AsyncDisposable {
  #serial = 0;
  private constructor(private readonly wire: Wire) {}

  /** Connects and opens a session in the context of the program itself, not of the pages that it shows. */
  static async open(port: number): Promise<Marionette> {
    const wire = await Wire.connect({ port, replyMsMax: SCRIPT_MS_MAX });
    try {
      const marionette = new Marionette(wire);
      await marionette.#packet(); // Who it is, and that it speaks version 3.
      await marionette.command("WebDriver:NewSession", {});
      await marionette.command("Marionette:SetContext", { value: "chrome" });
      await marionette.command("WebDriver:SetTimeouts", { script: SCRIPT_MS_MAX });
      return marionette;
    } catch (error) {
      await wire.destroy();
      throw error;
    }
  }

  /** A packet is its length in decimal, a colon, and JSON. */
  async #packet(): Promise<unknown> {
    const head = Buffer.from(await this.wire.readUntil(":")).toString("latin1");
    const body = await this.wire.readBytes(Number(head.slice(0, -1)));
    return JSON.parse(Buffer.from(body).toString("utf8"));
  }

  /** One command: [0, id, name, parameters] goes out, [1, id, error, result] comes back. */
  async command(name: string, parameters: Readonly<Record<string, unknown>>): Promise<unknown> {
    const id = ++this.#serial;
    const body = Buffer.from(JSON.stringify([0, id, name, parameters]), "utf8");
    await this.wire.write(Buffer.concat([Buffer.from(`${body.length}:`), body]));
    const [, answered, error, result] = await this.#packet() as [
      1,
      number,
      { readonly error: string; readonly message: string; readonly stacktrace: string } | null,
      unknown,
    ];
    if (answered !== id) throw new MarionetteError(`answer ${answered} instead of ${id}`);
    if (error !== null) throw new MarionetteError(`${name}: ${error.error}: ${error.message}\n${error.stacktrace}`);
    return result;
  }

  /** Runs the body of an asynchronous function in the current window, with `args` as `arguments`; what it returns. */
  async run<T = unknown>(body: string, ...args: readonly unknown[]): Promise<T> {
    const script = `
      const finish = arguments[arguments.length - 1];
      const given = [...arguments].slice(0, -1);
      (async function () { ${body} })(...given).then(
        (value) => finish({ value: value ?? null }),
        (error) => finish({ error: String(error) + "\\n" + (error?.stack ?? "") }),
      );`;
    const answer = await this.command("WebDriver:ExecuteAsyncScript", {
      script,
      args,
      newSandbox: true,
      sandbox: "system",
    }) as { readonly value: { readonly value?: T; readonly error?: string } };
    if (answer.value.error !== undefined) throw new MarionetteError(answer.value.error);
    return answer.value.value as T;
  }

  /** A picture of the current window as a PNG. */
  async screenshot(): Promise<Uint8Array> {
    const { value } = await this.command("WebDriver:TakeScreenshot", { full: true, hash: false }) as { value: string };
    return Buffer.from(value, "base64");
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.wire.destroy();
  }
}
