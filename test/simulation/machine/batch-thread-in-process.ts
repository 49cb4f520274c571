// The thread for large batches without a thread: jobs take virtual time, and what is sent to and fro is
// copied as between threads.
import { type BatchJob, BatchJobs } from '../../../src/crossing/batch-jobs.ts'
import type { StartBatchThread } from '../../../src/crossing/start-batch-thread.ts'
import type { Clock } from '../../../src/lib/clock.ts'

/** What the simulation lets a thread end with. */
export class ThreadDeath extends Error {
  constructor() {
    super('the thread has died')
    this.name = 'ThreadDeath'
  }
}

export interface BatchThreadOptions {
  readonly clock: Clock
  /** How long the next job takes, in ms. */
  readonly latencyMs: () => number
  /** Whether the thread dies of the next job. */
  readonly fails: () => boolean
}

export function batchThreads({ clock, latencyMs, fails }: BatchThreadOptions): StartBatchThread {
  return ({ onResult, onFailed }) => {
    const jobs = new BatchJobs()
    let isOver = false
    let readyAtMs = 0
    const perform = (job: BatchJob): void => {
      if (isOver) return
      if (fails()) {
        isOver = true
        onFailed(new ThreadDeath())
      } else {
        onResult(structuredClone(jobs.perform(job)))
      }
    }
    return {
      post: (job, moved) => {
        const sent = structuredClone(job, { transfer: moved })
        // One after the other, whatever each of them takes.
        readyAtMs = Math.max(readyAtMs, clock.monotonic()) + latencyMs()
        clock.after(readyAtMs - clock.monotonic(), () => perform(sent))
      },
      terminate: () => {
        isOver = true
      },
    }
  }
}
