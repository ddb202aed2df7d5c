import type { FrameLimits } from "./frame.ts";

/** For whoever comes (ATTACKS I1, I2): a login with a long token fits, a message does not. */
export const FRAME_LIMITS_BEFORE_LOGIN: FrameLimits = {
  lineBytesMax: 16_384,
  exchangeLineBytesMax: 16_384,
  commandBytesMax: 20_480,
  literalsMax: 4,
  literalBytesMax: 4_096,
  skipBytesMax: 65_536,
};

/** For users: sets of ten thousand messages fit a line; what is refused of a message of 128 MB is still read over. */
export const FRAME_LIMITS: FrameLimits = {
  lineBytesMax: 65_536,
  exchangeLineBytesMax: 16_384,
  commandBytesMax: 131_072,
  literalsMax: 500,
  literalBytesMax: 65_536,
  skipBytesMax: 134_217_728,
};
