// The program of the thread that decodes large batches (see batch-worker.ts), one job at a time.
import { parentPort } from 'node:worker_threads'
import { type BatchJob, BatchJobs, type BatchResult } from './batch-jobs.ts'

const jobs = new BatchJobs()

/** What need not be copied. */
function movable(result: BatchResult): ArrayBuffer[] {
  if (result.kind === 'convert') return [result.run.bytes.buffer as ArrayBuffer]
  return result.kind === 'filter' ? [result.batch.buffer as ArrayBuffer] : []
}

parentPort?.on('message', (job: BatchJob) => {
  const result = jobs.perform(job)
  parentPort?.postMessage(result, movable(result))
})
