// Who is behind a proxy: sockets whose ends are those that the proxy has told. Whoever asks such a socket for its
// addresses gets the client's.
import type { Socket } from 'node:net'
import type { Address } from '../lib/listen.ts'

/** The ends of the client's connection to the proxy; undefined where the proxy speaks for itself. */
export type ToldEnds = { readonly peer: Address; readonly local: Address } | undefined

const told = new WeakMap<Socket, ToldEnds>()

/** A proxy has said before the first byte of its client what the ends of `socket` are. */
export function tellEnds(socket: Socket, ends: ToldEnds): void {
  told.set(socket, ends)
  if (ends === undefined) return
  const { peer, local } = ends
  Object.defineProperties(socket, {
    remoteAddress: { value: peer.host },
    remotePort: { value: peer.port },
    localAddress: { value: local.host },
    localPort: { value: local.port },
  })
}

/** Of a socket that is made of another one. */
export function carryEnds(from: Socket, to: Socket): void {
  if (told.has(from)) tellEnds(to, told.get(from))
}

/** Something of the socket has been read. */
export function hasToldEnds(socket: Socket): boolean {
  return told.has(socket)
}
