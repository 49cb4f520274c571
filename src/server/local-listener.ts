// The door for programs on this machine: a socket in the data folder that only its owner may use. Whoever
// opens it holds the lock on the folder, so a socket that is there already is one of a broker that was
// killed. It is made in a folder that nobody else may enter and then moved to its place: at no moment can
// others connect.
import { chmodSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { isTooLongForSocket, localSocketFile, localSocketPathFile } from '../lib/local-socket.ts'
import { networkLimits } from '../limits/network.ts'

export interface LocalListenerOptions {
  /** The data folder. */
  readonly folder: string
  /** Takes over each accepted socket: paused, no error handler is set, nothing was read. */
  readonly onSocket: (socket: Socket) => void
  /** A connection could not be accepted; the listener goes on. */
  readonly onAcceptProblem: (reason: string) => void
}

export interface LocalListener {
  /** Where the socket is. */
  readonly path: string
  /** Stops accepting and removes the socket; accepted ones belong to whoever took them. */
  close(): void
}

/** What to remove when the listener closes. */
interface Place {
  readonly path: string
  readonly files: readonly string[]
}

const privateFolderPrefix = 'pabal-'

/** Opens the socket of a data folder. Rejects with the system's error. */
export async function openLocalListener(options: LocalListenerOptions): Promise<LocalListener> {
  const { folder, onSocket, onAcceptProblem } = options
  removeLeftovers(folder)
  const server = createServer({ pauseOnConnect: true }, onSocket)
  const { path: socket, files } = await bind(server, folder)
  server.on('error', (error) => onAcceptProblem(error.message))
  server.maxConnections = networkLimits.localSocketsMax
  server.on('drop', () => onAcceptProblem(`more than ${networkLimits.localSocketsMax} connections`))
  const close = (): void => {
    server.close()
    for (const file of files) rmSync(file, { recursive: true, force: true })
  }
  return { path: socket, close }
}

async function bind(server: Server, folder: string): Promise<Place> {
  const usual = path.join(folder, localSocketFile)
  const begun = mkdtempSync(path.join(folder, '.s-'))
  try {
    const first = path.join(begun, 's')
    if (isTooLongForSocket(first) || isTooLongForSocket(usual))
      return await bindElsewhere(server, folder)
    await listen(server, first)
    chmodSync(first, 0o600)
    renameSync(first, usual)
    return { path: usual, files: [usual] }
  } catch (error) {
    server.close()
    throw error
  } finally {
    rmSync(begun, { recursive: true, force: true })
  }
}

/** In a private folder of the system's, which a file in the data folder names. */
async function bindElsewhere(server: Server, folder: string): Promise<Place> {
  const place = mkdtempSync(path.resolve(tmpdir(), privateFolderPrefix))
  const socket = path.join(place, localSocketFile)
  if (isTooLongForSocket(socket)) {
    rmSync(place, { recursive: true })
    throw new Error(`${socket} is too long a path for a socket: use a shorter --data or TMPDIR`)
  }
  await listen(server, socket)
  chmodSync(socket, 0o600)
  const pointer = path.join(folder, localSocketPathFile)
  writeFileSync(pointer, socket, { mode: 0o600 })
  return { path: socket, files: [place, pointer] }
}

function listen(server: Server, socket: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(socket, () => {
      server.off('error', reject)
      resolve()
    })
  })
}

/** Of a broker that was killed. */
function removeLeftovers(folder: string): void {
  const pointer = path.join(folder, localSocketPathFile)
  const place = path.dirname(readOrEmpty(pointer))
  // Only what a broker has made itself: somebody may have written something else there.
  const isOwn =
    path.dirname(place) === path.resolve(tmpdir()) &&
    path.basename(place).startsWith(privateFolderPrefix)
  if (isOwn) rmSync(place, { recursive: true, force: true })
  rmSync(pointer, { force: true })
}

function readOrEmpty(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}
