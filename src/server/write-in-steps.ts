// Encryption runs on the event loop: what is written to a TLS socket at once is encrypted at once,
// and a message of 16 MiB would hold everybody up for some 30 ms.
import type { Socket } from 'node:net'
import { systemClock } from '../lib/clock.ts'
import { networkLimits } from '../limits/network.ts'

type Done = (error?: Error | null) => void
type Chunks = { chunk: Buffer; encoding: BufferEncoding }[]

/** Makes a socket, to which only buffers are written, take large writes in steps of some turns. */
export function writeInSteps(socket: Socket): void {
  const write = socket._write.bind(socket)
  const writev = socket._writev?.bind(socket)
  if (writev === undefined) return
  const writeRest = (pieces: readonly Buffer[], from: number, onDone: Done): void => {
    const chunks: Chunks = []
    let at = from
    for (let size = 0; at < pieces.length && size < networkLimits.tlsWriteSizeMax; at++) {
      const chunk = pieces[at] as Buffer
      size += chunk.length
      chunks.push({ chunk, encoding: 'utf8' })
    }
    // Node takes buffers as they are only where this is said of them.
    Object.assign(chunks, { allBuffers: true })
    writev(chunks, (error) => {
      if (error || at === pieces.length) onDone(error)
      // Node calls back in the turn of the write, and would go on for ever.
      else systemClock.atEndOfTurn(() => writeRest(pieces, at, onDone))
    })
  }
  socket._write = (chunk: Buffer, encoding, onDone): void => {
    if (chunk.length <= networkLimits.tlsWriteSizeMax) write(chunk, encoding, onDone)
    else writeRest(cut(chunk), 0, onDone)
  }
  socket._writev = (chunks: Chunks, onDone): void => {
    if (sizeOf(chunks) <= networkLimits.tlsWriteSizeMax) writev(chunks, onDone)
    else
      writeRest(
        chunks.flatMap(({ chunk }) => cut(chunk)),
        0,
        onDone,
      )
  }
}

function sizeOf(chunks: Chunks): number {
  let size = 0
  for (const { chunk } of chunks) size += chunk.length
  return size
}

function cut(chunk: Buffer): Buffer[] {
  const pieces: Buffer[] = []
  for (let at = 0; at < chunk.length; at += networkLimits.tlsWriteSizeMax) {
    pieces.push(chunk.subarray(at, at + networkLimits.tlsWriteSizeMax))
  }
  return pieces
}
