// What frames of WebSocket are made of (RFC 6455 5.2 and 7.4).

export const opcodes = {
  continuation: 0,
  text: 1,
  binary: 2,
  close: 8,
  ping: 9,
  pong: 10,
} as const

/** Why a connection ends (RFC 6455 7.4.1). */
export const closeCodes = {
  normal: 1000,
  goingAway: 1001,
  protocolError: 1002,
  unsupportedData: 1003,
  noCode: 1005,
  invalidText: 1007,
  tooBig: 1009,
} as const

/** Most bytes within a ping, a pong or a close (5.5). */
export const controlSizeMax = 125

export const lengths = {
  /** In place of a length: the next 2 bytes say it, or the next 8. */
  inTwoBytes: 126,
  inEightBytes: 127,
} as const

export const isFinal = 0x80
export const isMasked = 0x80

/** What somebody at the other end may say; those between are for tables of one's own machine (7.4.1, 7.4.2). */
export function isSentCode(code: number): boolean {
  const isDefined = code >= 1000 && code <= 1014 && code !== 1004 && code !== 1005 && code !== 1006
  return isDefined || (code >= 3000 && code <= 4999)
}
