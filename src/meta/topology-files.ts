// The door to what a data folder keeps of the topology beside the log: its lock, the view, and the thread
// that writes the view. A simulation has all of them in memory.
import path from 'node:path'
import { Worker } from 'node:worker_threads'
import type { Steps } from '../lib/slices.ts'
import { lockDataFolder } from './data-folder-lock.ts'
import type { PackedEntries } from './entry-batch.ts'
import { removeDatabaseFiles } from './file/database-files.ts'
import { sqliteCode, sqliteCodes } from './sqlite-code.ts'
import { TopologyDatabase } from './topology-database.ts'
import type { WriterReply, WriterRequest } from './topology-writer.ts'

/** The thread that writes a view. It does not keep the process alive unless it is told to. */
export interface WriterThread {
  /** Applies a batch in one transaction and answers it with `onReply`; one at a time. */
  apply(batch: PackedEntries): void
  /** Closes the file and ends; calls back when it has. */
  close(onExit: () => void): void
  ref(): void
}

export interface WriterEvents {
  /** The batch is in the view, on disk; or why not, and then nothing of it is. */
  readonly onReply: (error: Error | undefined) => void
  /** The thread is gone, and nobody knows what became of its batch. */
  readonly onFailed: (error: Error) => void
}

export interface TopologyFiles {
  /** As `lockDataFolder`. */
  lock(folder: string): Disposable
  /** The last entry that the view shows, 0 when there is none. Throws when it cannot be read. */
  appliedSequence(folder: string): number
  /** The digest of the view's rows. No writer may be at work. Throws when they cannot be read. */
  digest(folder: string): Steps<string>
  /** Removes the view. No writer may be at work. */
  remove(folder: string): void
  startWriter(folder: string, events: WriterEvents): WriterThread
}

export const systemTopologyFiles: TopologyFiles = {
  lock: lockDataFolder,
  appliedSequence(folder) {
    const database = openView(folder)
    try {
      return database?.appliedSequence() ?? 0
    } finally {
      database?.close()
    }
  },
  *digest(folder) {
    const database = new TopologyDatabase(folder, { create: false })
    try {
      return yield* database.digest()
    } finally {
      database.close()
    }
  },
  remove: (folder) => removeDatabaseFiles(path.join(folder, 'meta.db')),
  startWriter(folder, { onReply, onFailed }) {
    const worker = new Worker(writerFile(), { workerData: { folder } })
    worker.unref()
    worker.on('message', ({ error }: WriterReply) => onReply(error))
    worker.on('error', (error) => {
      onFailed(error instanceof Error ? error : new Error(String(error)))
    })
    return {
      apply(batch) {
        const request = { kind: 'apply', batch } satisfies WriterRequest
        worker.postMessage(request, [batch.bytes.buffer])
      },
      close(onExit) {
        worker.once('exit', onExit)
        worker.postMessage({ kind: 'close' } satisfies WriterRequest)
      },
      ref: () => worker.ref(),
    }
  },
}

function openView(folder: string): TopologyDatabase | undefined {
  try {
    return new TopologyDatabase(folder, { create: false })
  } catch (error) {
    if (sqliteCode(error) === sqliteCodes.cannotOpen) return undefined
    throw error
  }
}

/** The worker's file: beside this one, source or built. */
function writerFile(): URL {
  const source = new URL('./topology-writer.ts', import.meta.url)
  if (import.meta.url.endsWith('.ts')) return source
  return new URL(source.href.replace(/\.ts$/, '.js'))
}
