// The worker that writes the topology view, so that SQL and its flushes never hold up the sockets.
// Opens the file with the first batch; answers each batch once; closes when told to.
import { parentPort, workerData } from 'node:worker_threads'
import type { PackedEntries } from './entry-batch.ts'
import { TopologyDatabase } from './topology-database.ts'

export type WriterRequest =
  | { readonly kind: 'apply'; readonly batch: PackedEntries }
  | { readonly kind: 'close' }

/** The answer to a batch: applied, or why not. A batch that failed has changed nothing. */
export interface WriterReply {
  readonly error: Error | undefined
}

const { folder } = workerData as { readonly folder: string }
let database: TopologyDatabase | undefined

parentPort?.on('message', (request: WriterRequest) => {
  if (request.kind === 'close') {
    database?.close()
    parentPort?.close()
    return
  }
  parentPort?.postMessage({ error: tryApply(request.batch) } satisfies WriterReply)
})

function tryApply(batch: PackedEntries): Error | undefined {
  try {
    database ??= new TopologyDatabase(folder, { create: true })
    database.apply(batch)
    return undefined
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error))
  }
}
