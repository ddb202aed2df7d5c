/** Thunderbird with a profile of its own on a screen of its own, driven through its own windows. */
import { fileURLToPath } from "node:url";
import { eventually, within } from "./eventually.ts";
import { Marionette } from "./marionette.ts";

/** A first start makes a profile. */
const START_MS_MAX = 120_000;
/** Longest end after a SIGTERM. */
const END_MS_MAX = 10_000;

/** What it is started with. */
export interface ThunderbirdOptions {
  /** An empty directory for its profile, its home and its log. */
  readonly dir: string;
  readonly display: string;
  /** An HTTP proxy on 127.0.0.1, which gets all that it asks of the web. */
  readonly proxyPort: number;
  /** The authority, in PEM, that it is to trust. */
  readonly authority: string;
}

/** Remote control on a port it finds itself; every name is this machine, and what is asked of the web goes to the proxy. */
function prefs(proxyPort: number): Readonly<Record<string, string | number | boolean>> {
  return {
    "marionette.port": 0,
    "remote.prefs.recommended": true,
    "network.dns.forceResolve": "127.0.0.1",
    "network.trr.mode": 5,
    "network.proxy.type": 1,
    "network.proxy.http": "127.0.0.1",
    "network.proxy.http_port": proxyPort,
    "network.proxy.ssl": "127.0.0.1",
    "network.proxy.ssl_port": proxyPort,
    "mailnews.auto_config.fetchFromExchange.enabled": false,
    "mail.provider.suppress_dialog_on_startup": true,
    "mailnews.start_page.enabled": false,
    "mail.rights.version": 1,
    "app.donation.eoy.version.viewed": 999,
    "mail.shell.checkDefaultClient": false,
  };
}

/** A running Thunderbird; its methods are those of thunderbird_window.js. */
export class Thunderbird implements AsyncDisposable {
  private constructor(
    private readonly child: Deno.ChildProcess,
    private readonly marionette: Marionette,
    private readonly logFile: string,
  ) {}

  static async start({ dir, display, proxyPort, authority }: ThunderbirdOptions): Promise<Thunderbird> {
    const profile = `${dir}/profile`;
    await Deno.mkdir(profile);
    const lines = Object.entries(prefs(proxyPort)).map(([name, value]) =>
      `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});\n`
    );
    await Deno.writeTextFile(`${profile}/user.js`, lines.join(""));
    const child = new Deno.Command("thunderbird", {
      args: ["--no-remote", "--profile", profile, "--marionette", "--remote-allow-system-access"],
      env: {
        DISPLAY: display,
        HOME: dir,
        XDG_RUNTIME_DIR: dir,
        GDK_BACKEND: "x11", // Not the Wayland of whoever runs the tests.
        MOZ_ENABLE_WAYLAND: "0",
        LC_ALL: "C.UTF-8",
        MOZ_CRASHREPORTER_DISABLE: "1",
        MOZ_LOG: "sync,IMAP:4",
        MOZ_LOG_FILE: `${dir}/thunderbird`,
      },
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
    try {
      const port = await eventually("the port of the remote control", async () => {
        return Number(await Deno.readTextFile(`${profile}/MarionetteActivePort`)) || null;
      }, { ms: START_MS_MAX });
      return await Thunderbird.#prepared(child, { port, authority, logFile: `${dir}/thunderbird.moz_log` });
    } catch (error) {
      await end(child);
      throw error;
    }
  }

  static async #prepared(
    child: Deno.ChildProcess,
    { port, authority, logFile }: { readonly port: number; readonly authority: string; readonly logFile: string },
  ): Promise<Thunderbird> {
    const marionette = await Marionette.open(port);
    try {
      const thunderbird = new Thunderbird(child, marionette, logFile);
      await thunderbird.#prepare(authority);
      return thunderbird;
    } catch (error) {
      await marionette[Symbol.asyncDispose]();
      throw error;
    }
  }

  async #prepare(authority: string): Promise<void> {
    const source = await Deno.readTextFile(fileURLToPath(new URL("./thunderbird_window.js", import.meta.url)));
    const look =
      `return document.readyState === "complete" && !!document.getElementById("tabmail")?.currentAbout3Pane;`;
    await eventually("the main window", () => this.marionette.run<boolean>(look), { ms: START_MS_MAX });
    await this.marionette.run(source);
    await this.act("trust", authority.replaceAll(/-----[^-]*-----|\s/g, ""));
  }

  /** Does one of the actions in thunderbird_window.js. */
  act<T = unknown>(action: string, ...args: readonly (string | number)[]): Promise<T> {
    return this.marionette.run<T>(
      "const [action, ...args] = arguments; return await window.stagepost[action](...args);",
      action,
      ...args,
    );
  }

  /** What it has sent by IMAP so far, as its own log tells. */
  async imapLog(): Promise<string> {
    return await Deno.readTextFile(this.logFile);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.marionette[Symbol.asyncDispose]();
    await end(this.child);
  }
}

async function end(child: Deno.ChildProcess): Promise<void> {
  try {
    child.kill("SIGTERM");
  } catch {
    // It has ended by itself.
  }
  await within(END_MS_MAX, "Thunderbird's end", child.status).catch(() => {
    child.kill("SIGKILL");
    return child.status;
  });
}
