// Bytes packed or unpacked on their way.
import { pipeline, Readable, type Transform } from 'node:stream'

/** What `transform` makes of `pieces`; fails as either does. */
export async function* passThrough(
  pieces: AsyncIterable<Buffer>,
  transform: Transform,
): AsyncGenerator<Buffer> {
  // Who reads the end of it is told of errors anywhere in it.
  pipeline(Readable.from(pieces), transform, () => undefined)
  yield* transform as AsyncIterable<Buffer>
}
