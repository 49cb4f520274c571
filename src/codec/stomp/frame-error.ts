/** Bytes that are no STOMP, or more than the broker takes: nothing more can be read from the connection. */
export class FrameError extends Error {
  override readonly name = 'FrameError'
}
