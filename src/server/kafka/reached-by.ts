import type { Socket } from 'node:net'
import type { Address } from '../../lib/listen.ts'

/** Of a client that has come to another node. */
export const nowhere: Address = { host: '', port: 0 }

/** The address of this machine that a client came to. */
export function reachedBy({ localAddress, localPort }: Socket): Address {
  return { host: localAddress ?? '', port: localPort ?? 0 }
}
