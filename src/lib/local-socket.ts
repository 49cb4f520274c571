import { networkLimits } from '../limits/network.ts'

/** The socket of a broker in its data folder, for programs on the same machine. */
export const localSocketFile = 'pabal.sock'

/** Where the path of the data folder is too long for a socket, this file says where it is. */
export const localSocketPathFile = 'pabal.sock.path'

/** The system refuses it with EINVAL, whether there is something or not. */
export function isTooLongForSocket(file: string): boolean {
  return Buffer.byteLength(file) > networkLimits.socketPathSizeMax
}
