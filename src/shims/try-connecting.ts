import { connect } from 'node:net'
import { shimLimits } from '../limits/shims.ts'

/** Whether somebody who listens at an address takes a connection, which ends at once. */
export async function tryConnecting(ip: string, port: number): Promise<boolean> {
  // Whoever listens everywhere does on loopback.
  const host = ip === '0.0.0.0' ? '127.0.0.1' : ip === '::' ? '::1' : ip
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const socket = connect({ host, port, timeout: shimLimits.connectMsMax }, () => resolve(true))
  socket.once('error', () => resolve(false)).once('timeout', () => resolve(false))
  try {
    return await promise
  } finally {
    socket.destroy()
  }
}
