// Requests over the local socket of a data folder.
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { exitCodes } from '../lib/exit-codes.ts'
import { ExitError } from '../lib/exit-error.ts'
import { isTooLongForSocket, localSocketFile, localSocketPathFile } from '../lib/local-socket.ts'
import type { ConnectOptions, LocalPlace } from './broker-place.ts'

/** Throws an `ExitError` when there can be no broker. */
export function socketOptions({ folder }: LocalPlace): ConnectOptions {
  const socketPath = findSocket(path.resolve(folder))
  if (isTooLongForSocket(socketPath)) {
    // A broker would have written where else its socket is.
    const otherwise = '; if one does, its log says why it has no local socket'
    throw new ExitError(exitCodes.unavailable, `${noBroker(folder)}${otherwise}`)
  }
  return { socketPath, headers: { host: 'localhost' } }
}

function findSocket(folder: string): string {
  try {
    return readFileSync(path.join(folder, localSocketPathFile), 'utf8')
  } catch {
    return path.join(folder, localSocketFile)
  }
}

/** Why a request failed. */
export function explainLocal(error: NodeJS.ErrnoException, { folder }: LocalPlace): ExitError {
  if (error.code === 'EACCES' || error.code === 'EPERM') {
    return new ExitError(
      exitCodes.notPermitted,
      `not permitted to talk to the broker of data folder '${path.resolve(folder)}': ` +
        'run this as the user who runs the broker',
    )
  }
  const reason = ` (${error.code ?? error.message})`
  return new ExitError(exitCodes.unavailable, noBroker(folder, reason) + triedCluster(folder), {
    cause: error,
  })
}

function noBroker(folder: string, reason = ''): string {
  const where = `'${path.resolve(folder)}'${reason}`
  const ways = "start one, or name its folder with --data, or another machine's with --url"
  return `no broker runs on data folder ${where}: ${ways}`
}

/** Whoever tries a cluster asks one of its nodes, which have folders below that of the command. */
function triedCluster(folder: string): string {
  const node = path.join(folder, 'cluster-dev', 'n1', 'data')
  return existsSync(node) ? `. A node of pabal cluster dev is asked with --data ${node}` : ''
}
