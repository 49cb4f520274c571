// The door for connections that this process makes to other nodes.
import { connect, type Socket } from 'node:net'
import type { Clock } from '../lib/clock.ts'
import type { Address } from '../lib/listen.ts'

export type ConnectSocket = (address: Address, msMax: number, clock: Clock) => Promise<Socket>

/** Resolves with an open socket, of which nothing was read. Rejects with the system's error, or after `msMax`. */
export const connectSocket: ConnectSocket = ({ host, port }, msMax, clock) =>
  new Promise((resolve, reject) => {
    const socket = connect({ host, port, noDelay: true })
    const fail = (error: Error): void => {
      timer.stop()
      socket.destroy()
      reject(error)
    }
    const timer = clock.after(msMax, () => fail(new Error(`no answer within ${msMax} ms`)))
    socket.once('error', fail)
    socket.once('connect', () => {
      timer.stop()
      socket.off('error', fail)
      resolve(socket)
    })
  })
