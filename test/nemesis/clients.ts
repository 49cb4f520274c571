// The rig's side of the clients' thread.
import { Worker } from 'node:worker_threads'
import { waitFor } from '../support/wait-for.ts'
import type { Address } from './clients/client-parts.ts'
import type { FromClients, ToClients } from './clients/clients-thread.ts'
import type { Left } from './clients/drain-all.ts'
import type { History, Progress } from './history.ts'

const stopMsMax = 120_000
const drainMsMax = 300_000

type Said<Kind extends FromClients['kind']> = Extract<FromClients, { readonly kind: Kind }>

export class Clients implements AsyncDisposable {
  progress: Progress = { amqp: 0, kafka: 0, settled: 0, read: 0, committed: 0 }
  readonly #worker: Worker
  readonly #said = new Map<FromClients['kind'], FromClients>()
  #failure: Error | undefined

  private constructor(addresses: readonly Address[]) {
    const file = new URL('clients/clients-thread.ts', import.meta.url)
    this.#worker = new Worker(file, { workerData: addresses })
    this.#worker.on('message', (said: FromClients) => {
      if (said.kind === 'progress') this.progress = said.progress
      else this.#said.set(said.kind, said)
    })
    this.#worker.on('error', (error) => (this.#failure = error))
  }

  /** Declares everything and begins. */
  static async start(addresses: readonly Address[]): Promise<Clients> {
    const clients = new Clients(addresses)
    await clients.#hears('declared', stopMsMax)
    clients.#tell({ kind: 'begin' })
    return clients
  }

  /** Waits until clients of each kind have done something. */
  async areAtWork(patienceMs: number): Promise<void> {
    const areAll = (): boolean => Object.values(this.progress).every((count) => count > 0)
    await waitFor('clients of each kind are at work', areAll, patienceMs)
  }

  /** Waits until publishers of both protocols are confirmed again. Returns after how many ms each was. */
  async confirmedAgain(
    patienceMs: number,
  ): Promise<{ readonly amqp: number; readonly kafka: number }> {
    const since = performance.now()
    const before = this.progress
    const again = async (protocol: 'amqp' | 'kafka'): Promise<number> => {
      const what = `publishers of ${protocol} are confirmed again`
      await waitFor(what, () => this.progress[protocol] > before[protocol], patienceMs)
      return performance.now() - since
    }
    const [amqp, kafka] = await Promise.all([again('amqp'), again('kafka')])
    return { amqp, kafka }
  }

  async stop(): Promise<History> {
    this.#tell({ kind: 'stop' })
    return (await this.#hears('stopped', stopMsMax)).history
  }

  /** @throws Error when it cannot be read */
  async drain(): Promise<Left> {
    this.#tell({ kind: 'drain' })
    return (await this.#hears('drained', drainMsMax)).left
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#worker.terminate()
  }

  #tell(what: ToClients): void {
    this.#worker.postMessage(what)
  }

  async #hears<Kind extends FromClients['kind']>(
    kind: Kind,
    patienceMs: number,
  ): Promise<Said<Kind>> {
    const said = await waitFor(
      `clients have ${kind}`,
      () => {
        if (this.#failure !== undefined) throw this.#failure
        const failed = this.#said.get('failed') as Said<'failed'> | undefined
        if (failed !== undefined) throw new Error(failed.why)
        return this.#said.get(kind)
      },
      patienceMs,
    )
    return said as Said<Kind>
  }
}
