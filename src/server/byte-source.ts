// Where the bytes of an accepted connection come from. All connections read into one buffer: a read
// is parsed before the next one begins, and memory that is made anew for each would keep the
// garbage collector busy more than everything else does.
import { Socket } from 'node:net'
import { systemClock } from '../lib/clock.ts'
import { networkLimits } from '../limits/network.ts'
import { hasToldEnds } from './proxied-ends.ts'
import type { WriteHold } from './write-hold.ts'
import { writeInSteps } from './write-in-steps.ts'

const readBuffer: Buffer = Buffer.allocUnsafeSlow(networkLimits.socketReadSize)

/** The owner of a connection says what becomes of its bytes. */
export class ByteSource {
  /** Gets what has come in. The bytes are only valid during the call. */
  onBytes: (bytes: Buffer) => void = ignore
  /** Reads in a row that filled the buffer. */
  fullReads = 0
  /** What it reads into, where that may change: see `takeOver`. */
  readBuffer: Buffer = readBuffer
}

export interface Incoming {
  readonly socket: Socket
  readonly source: ByteSource
  /** Where the node may have to stop serving: keeps what is written meanwhile. */
  readonly hold?: WriteHold | undefined
}

/** What Node keeps on an accepted socket. */
interface AcceptedSocket extends Socket {
  _handle: object | null
  _server: object | null
}

/**
 * Takes a socket over, of which nothing has been read yet (`pauseOnConnect`), or all of it. The socket returned has no
 * `data` events; `pause`, `resume`, `end`, `close` and `error` are as always. Where it `mayChange`, what it reads into
 * is asked of the source after each read.
 */
export function takeOver(accepted: Socket, mayChange = false): Incoming {
  if (hasOwnSource(accepted)) return { socket: accepted, source: accepted.byteSource }
  const source = new ByteSource()
  const { _handle: handle, _server: server } = accepted as AcceptedSocket
  // What TLS has decrypted comes in memory of its own, and goes on coming after a pause.
  if ('encrypted' in accepted) return passBy(accepted, source)
  const isOwnHandle = handle !== null && typeof handle === 'object'
  const isUntouched = accepted.readableLength === 0 && !hasToldEnds(accepted)
  if (!isOwnHandle || !isUntouched) return listenTo(accepted, source)
  const options = {
    handle,
    onread: {
      buffer: mayChange ? () => source.readBuffer : readBuffer,
      callback(size: number, buffer: Uint8Array): boolean {
        source.onBytes(buffer.subarray(0, size) as Buffer)
        if (!isHoggingTurn(source, size < buffer.length)) return true
        systemClock.atEndOfTurn(() => goOn(socket))
        return false
      },
    },
  }
  const socket = new Socket(options as object) as AcceptedSocket
  // The server counts its connections, and the one that closes is this one.
  socket._server = server
  Object.assign(accepted, { _handle: null, _server: null })
  return { socket, source }
}

/** One that is not the system's, of a client within WebSocket. */
function hasOwnSource(socket: Socket): socket is Socket & { readonly byteSource: ByteSource } {
  return 'byteSource' in socket
}

/** For a listener: takes over what it accepts and hands it on. */
export function takingOver(
  onIncoming: (socket: Socket, source: ByteSource) => void,
): (accepted: Socket) => void {
  return (accepted) => {
    const { socket, source } = takeOver(accepted)
    onIncoming(socket, source)
  }
}

/** Where there is more than fits the buffer, up to 32 reads follow each other while all others wait. */
function isHoggingTurn(source: ByteSource, isLast: boolean): boolean {
  source.fullReads = isLast ? 0 : source.fullReads + 1
  if (source.fullReads < networkLimits.socketReadsInRowMax) return false
  source.fullReads = 0
  return true
}

/** Reads again, unless the connection itself does not want more now. */
function goOn(socket: Socket): void {
  if (!socket.destroyed && !socket.isPaused()) socket.resume()
}

/** As `listenTo`, for less: what comes while nothing waits in the stream does not go through it. */
function passBy(socket: Socket, source: ByteSource): Incoming {
  const push = socket.push.bind(socket)
  socket.push = (bytes: Buffer | null): boolean => {
    const isNext = bytes !== null && socket.readableFlowing === true && socket.readableLength === 0
    if (!isNext) return push(bytes)
    source.onBytes(bytes)
    return true
  }
  writeInSteps(socket)
  return listenTo(socket, source)
}

/** How it works without Node's inner parts: more garbage, the same bytes. */
function listenTo(socket: Socket, source: ByteSource): Incoming {
  socket.on('data', (bytes: Buffer) => source.onBytes(bytes))
  socket.resume()
  return { socket, source }
}

function ignore(): void {}
