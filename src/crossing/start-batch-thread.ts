// The door to the thread that decodes large batches. A simulation does its jobs without a thread.
import { Worker } from 'node:worker_threads'
import type { BatchJob, BatchResult } from './batch-jobs.ts'

/** A thread that does jobs in the order they come. */
export interface BatchThread {
  /** Memory in `moved` is the thread's from now on. */
  post(job: BatchJob, moved: ArrayBuffer[]): void
  /** Nothing is heard of it any more. */
  terminate(): void
}

export interface BatchThreadEvents {
  /** The job that was posted first of those without an answer is done. */
  readonly onResult: (result: BatchResult) => void
  /** The thread is gone, and what it had to do is not done. */
  readonly onFailed: (error: Error) => void
}

export type StartBatchThread = (events: BatchThreadEvents) => BatchThread

/** A thread of this process, which does not keep it alive. */
export function startBatchThread({ onResult, onFailed }: BatchThreadEvents): BatchThread {
  const worker = new Worker(threadFile())
  worker.unref()
  worker.on('message', onResult)
  worker.on('error', (error) => {
    onFailed(error instanceof Error ? error : new Error(String(error)))
  })
  return {
    post: (job, moved) => worker.postMessage(job, moved),
    terminate: () => void worker.terminate(),
  }
}

/** The thread's file: beside this one, source or built. */
function threadFile(): URL {
  const source = new URL('./batch-thread.ts', import.meta.url)
  if (import.meta.url.endsWith('.ts')) return source
  return new URL(source.href.replace(/\.ts$/, '.js'))
}
