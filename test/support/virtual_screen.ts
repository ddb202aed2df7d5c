/** A screen that nobody looks at: Xvfb, and pictures of what programs have drawn on it. */
import { Buffer } from "node:buffer";
import { crc32, deflateSync } from "node:zlib";
import { within } from "./eventually.ts";

/** What stood on a screen: one byte each of red, green and blue a pixel, row by row. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly rgb: Uint8Array;
}

/** Words of the head of an XWD file (XWDFile.h), each four bytes, the highest first. */
const [HEAD_SIZE, WIDTH, HEIGHT, BYTE_ORDER, PIXEL_BITS, LINE_BYTES, COLOURS] = [0, 4, 5, 7, 11, 12, 19];
const WORD_BYTES = 4;
const COLOUR_BYTES = 12;

/** Longest start of the X server. */
const START_MS_MAX = 20_000;

/** An X server of its own, with its frame buffer in a file. */
export class VirtualScreen implements AsyncDisposable {
  private constructor(
    private readonly server: Deno.ChildProcess,
    readonly display: string,
    private readonly dir: string,
  ) {}

  /** Starts it on a display that is free; `dir` gets the frame buffer. */
  static async open(dir: string): Promise<VirtualScreen> {
    const options = ["-displayfd", "1", "-fbdir", dir, "-screen", "0", "1152x900x24", "-nolisten", "tcp"];
    const server = new Deno.Command("Xvfb", { args: options, stdin: "null", stdout: "piped", stderr: "null" }).spawn();
    try {
      return new VirtualScreen(server, `:${await within(START_MS_MAX, "a display", firstLine(server.stdout))}`, dir);
    } catch (error) {
      server.kill("SIGTERM");
      await server.status;
      throw error;
    }
  }

  /** What stands on it now. */
  async capture(): Promise<Picture> {
    const bytes = Buffer.from(await Deno.readFile(`${this.dir}/Xvfb_screen0`));
    const word = (index: number) => bytes.readUInt32BE(index * WORD_BYTES);
    const [width, height, lineBytes] = [word(WIDTH), word(HEIGHT), word(LINE_BYTES)];
    if (word(PIXEL_BITS) !== 32 || word(BYTE_ORDER) !== 0) throw new Error("not a screen of 32 bits a pixel");
    const start = word(HEAD_SIZE) + word(COLOURS) * COLOUR_BYTES;
    const rgb = new Uint8Array(width * height * 3);
    let to = 0;
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const at = start + y * lineBytes + x * 4; // Blue, green, red, nothing.
        rgb[to++] = bytes[at + 2]!;
        rgb[to++] = bytes[at + 1]!;
        rgb[to++] = bytes[at]!;
      }
    }
    return { width, height, rgb };
  }

  /** By SIGTERM, so that it takes its lock and its socket with it. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.server.kill("SIGTERM");
    await this.server.status;
  }
}

async function firstLine(stream: ReadableStream<Uint8Array>): Promise<string> {
  let text = "";
  const decoder = new TextDecoder();
  for await (const piece of stream) {
    text += decoder.decode(piece, { stream: true });
    if (text.includes("\n")) return text.split("\n")[0]!;
  }
  throw new Error("the X server ended");
}

/** How many different colours a picture has: an empty screen has one, an empty window a few. */
export function coloursOf({ rgb }: Picture): number {
  const found = new Set<number>();
  for (let at = 0; at < rgb.length; at += 3) found.add(rgb[at]! << 16 | rgb[at + 1]! << 8 | rgb[at + 2]!);
  return found.size;
}

/** The picture as a PNG file. */
export function pngOf({ width, height, rgb }: Picture): Uint8Array {
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([8, 2], 8); // Eight bits, three colours.
  const rows = Buffer.alloc(height * (width * 3 + 1)); // Each row begins with the number of its filter: none.
  for (let y = 0; y < height; y++) rows.set(rgb.subarray(y * width * 3, (y + 1) * width * 3), y * (width * 3 + 1) + 1);
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    chunk("IHDR", head),
    chunk("IDAT", deflateSync(rows)),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}

function chunk(type: string, data: Uint8Array): Uint8Array {
  const named = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  sum.writeUInt32BE(crc32(named));
  return Buffer.concat([length, named, sum]);
}
