// What nodes say to each other is encrypted: TLS with a key that is made of the cluster's secret (RFC 4279, RFC 8442), so
// nobody has to make certificates. Who does not know the secret gets no further; keys of a connection are its own, so what
// was recorded stays closed when the secret comes out.
import { createHmac } from 'node:crypto'
import type { Socket } from 'node:net'
import { connect, createSecureContext, type SecureContextOptions, TLSSocket } from 'node:tls'
import type { Clock } from '../../lib/clock.ts'
import { linkLimits } from '../../limits/link.ts'

/** Makes a connection between nodes a safe one. */
export interface LinkCipher {
  /** Of a connection that this node has made. Rejects when the other end does not know the secret. */
  dial(socket: Socket): Promise<Socket>
  /** Of a connection of another node, of which nothing was read. Rejects likewise. */
  accept(socket: Socket): Promise<Socket>
}

/** Nodes on a network that is safe by itself need none. */
export const plainLinks: LinkCipher = {
  dial: (socket) => Promise.resolve(socket),
  accept: (socket) => Promise.resolve(socket),
}

/** Pre-shared keys are no part of what Node does with TLS 1.3. */
const version = 'TLSv1.2'
const suite: SecureContextOptions = {
  ciphers: 'ECDHE-PSK-CHACHA20-POLY1305',
  minVersion: version,
  maxVersion: version,
}
const identity = 'pabal node'

export function openLinkCipher(secret: Buffer, clock: Clock): LinkCipher {
  const psk = createHmac('sha256', secret).update('pabal node link tls').digest()
  const secureContext = createSecureContext(suite)
  return {
    dial(socket) {
      const pskCallback = (): { psk: Buffer; identity: string } => ({ psk, identity })
      const checkServerIdentity = (): undefined => undefined
      const secured = connect({ ...suite, socket, pskCallback, checkServerIdentity })
      return whenSecure(secured, 'secureConnect', clock)
    },
    accept(socket) {
      const options = { isServer: true, secureContext, pskCallback: () => psk }
      return whenSecure(new TLSSocket(socket, options), 'secure', clock)
    },
  }
}

function whenSecure(socket: TLSSocket, event: string, clock: Clock): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const fail = (error: Error): void => {
      timer.stop()
      socket.destroy()
      reject(explain(error))
    }
    const timer = clock.after(linkLimits.proofMsMax, () =>
      fail(new Error(`no handshake within ${linkLimits.proofMsMax} ms`)),
    )
    socket.once('error', fail)
    socket.once('close', () => fail(new Error('the other end has closed the connection')))
    socket.once(event, () => {
      timer.stop()
      socket.removeAllListeners('close')
      socket.off('error', fail)
      resolve(socket)
    })
  })
}

/** OpenSSL's words say little to who has set up nodes. */
function explain(error: Error & { readonly code?: string }): Error {
  const { code = '', message } = error
  if (/DECRYPT|BAD_RECORD_MAC|bad record mac/i.test(code + message)) {
    return new Error('it does not know the secret of this cluster')
  }
  if (/WRONG_VERSION|HTTP_REQUEST|wrong version/i.test(code + message)) {
    return new Error('it speaks no TLS: is --node-encryption the same on all nodes?')
  }
  return error
}
