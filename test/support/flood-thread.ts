// A flood of one user, from a thread of its own: what it does to the broker shows in what others wait for,
// and what it does itself does not.
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'

export interface FloodPlan {
  readonly url: string
  readonly queue: string
  readonly connectionCount: number
  /** Of each connection. */
  readonly channelCount: number
  readonly messageSize: number
}

export class FloodThread {
  readonly #worker: Worker

  private constructor(worker: Worker) {
    this.#worker = worker
  }

  /** Resolves when all connections publish. */
  static async start(plan: FloodPlan): Promise<FloodThread> {
    const worker = new Worker(new URL('flood-program.ts', import.meta.url), { workerData: plan })
    await once(worker, 'message')
    return new FloodThread(worker)
  }

  /** Ends it, and its connections without a goodbye. How many messages its clients have taken. */
  async stop(): Promise<number> {
    this.#worker.postMessage('stop')
    const [published] = (await once(this.#worker, 'message')) as [number]
    await this.#worker.terminate()
    return published
  }
}
