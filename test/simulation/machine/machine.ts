// The machine that the broker runs on: a disk that outlives it, and one process at a time, which is started,
// killed, stopped, and started again when a start fails because the disk does.
// The product loads these when it needs them; here nothing may wait for the real disk.
import '../../../src/cell/open-file-storage.ts'
import '../../../src/node/open-amqp.ts'
import '../../../src/node/open-kafka.ts'
import type { Cell } from '../../../src/cell/cell.ts'
import type { StorageKind } from '../../../src/cell/storage.ts'
import type { Random } from '../../../src/lib/random.ts'
import { Node } from '../../../src/node/node.ts'
import type { Listener, ListenerOptions } from '../../../src/server/listener.ts'
import { completeOptions } from '../../../src/settings/load-config.ts'
import type { BrokerOptions } from '../../../src/settings/settings.ts'
import type { VirtualClock } from '../../../src/testing/virtual-clock.ts'
import { otherPortsOff } from '../../support/other-ports-off.ts'
import type { Network, ServiceName } from '../network/network.ts'
import { batchThreads } from './batch-thread-in-process.ts'
import { NotingLogger } from './noting-logger.ts'
import { ProcessClock } from './process-clock.ts'
import { type DiskPlan, SimulatedDisk } from './simulated-disk.ts'
import { SimulatedMemory } from './simulated-memory.ts'
import { TopologyInMemory } from './topology-in-memory.ts'

const ports = { ...otherPortsOff, amqpPort: 1, kafkaPort: 1, httpPort: 'off' } as const

export interface MachinePlan {
  readonly engine: 'file' | 'memory'
  readonly disk: DiskPlan
  /** Longest time that the engine in memory takes for a commit, in ms. */
  readonly commitMsMax: number
  /** What a look at the clock costs at most, in ms: work takes time. */
  readonly lookMsMax: number
  /** Share of the jobs that the thread for large batches dies of. */
  readonly threadDeathRate: number
  readonly options: Partial<BrokerOptions>
}

export interface MachineParts {
  readonly clock: VirtualClock
  readonly random: Random
  readonly network: Network
  readonly note: (who: string, what: string) => void
  /** The broker is broken. */
  readonly onBroken: (what: string) => void
  /** The process has ended by itself. */
  readonly onDied: (why: string) => void
}

/** One life of the broker's process. */
interface Process {
  readonly clock: ProcessClock
  readonly logger: NotingLogger
  /** Resolves when it is killed. */
  readonly killed: PromiseWithResolvers<undefined>
  state: 'starting' | 'running' | 'stopping'
  node: Node | undefined
}

export class Machine {
  readonly disk: SimulatedDisk
  readonly memory: SimulatedMemory = new SimulatedMemory()
  readonly #plan: MachinePlan
  readonly #parts: MachineParts
  readonly #topology: TopologyInMemory
  #process: Process | undefined

  constructor(plan: MachinePlan, parts: MachineParts) {
    this.#plan = plan
    this.#parts = parts
    const { clock, random } = parts
    this.disk = new SimulatedDisk(plan.disk, {
      clock,
      random,
      note: (what) => parts.note('disk', what),
    })
    this.#topology = new TopologyInMemory({
      clock,
      random,
      latencyMs: () => this.disk.latencyMs(),
      fault: () => this.disk.fault('meta.db'),
    })
  }

  get state(): Process['state'] | 'down' {
    return this.#process?.state ?? 'down'
  }

  /** What the running broker keeps. */
  get cell(): Cell | undefined {
    return this.#process?.node?.cell
  }

  /** Starts the broker; true when it runs. It may fail while the disk does. */
  async start(): Promise<boolean> {
    const { clock, random, note, onBroken } = this.#parts
    const looked = (): number => random.next() * this.#plan.lookMsMax
    const logger = new NotingLogger({ note: (line) => note('log', line), onBroken })
    const process: Process = {
      clock: new ProcessClock(clock, looked),
      logger,
      killed: Promise.withResolvers(),
      state: 'starting',
      node: undefined,
    }
    this.#process = process
    note('machine', 'start')
    try {
      const node = await Promise.race([this.#open(process), process.killed.promise])
      if (node === undefined) return false
      this.#onStarted(process, node)
      return true
    } catch (error) {
      this.#onStartFailed(error as Error)
      return false
    }
  }

  /**
   * Ends the process at once, whatever it is doing; with the power, the system's memory goes as well. False
   * when there is none.
   */
  kill(how: 'process' | 'power'): boolean {
    const process = this.#process
    if (process === undefined) return false
    this.#parts.note('machine', how === 'power' ? 'power cut' : 'kill -9')
    this.#process = undefined
    process.clock.isDead = true
    process.killed.resolve(undefined)
    this.#parts.network.onBrokerKilled()
    this.#topology.onKilled()
    if (how === 'power') this.disk.onPowerCut()
    else this.disk.onProcessKilled()
    return true
  }

  /** Stops the broker in good order; true when it did so before it was killed. */
  async stop(): Promise<boolean> {
    const process = this.#process
    if (process?.node === undefined) return false
    this.#parts.note('machine', 'stop')
    process.state = 'stopping'
    try {
      await Promise.race([process.node.close(), process.killed.promise])
    } catch (error) {
      if (this.#process === process) this.#onStopFailed(error as Error)
      return false
    }
    if (this.#process !== process) return false
    this.#parts.note('machine', 'stopped')
    this.#process = undefined
    process.clock.isDead = true
    // Whatever it has left open the system closes.
    this.#parts.network.onBrokerKilled()
    this.#topology.onKilled()
    this.disk.onProcessKilled()
    return true
  }

  #onStarted(process: Process, node: Node): void {
    process.node = node
    process.state = 'running'
    node.failed.catch((error: Error) => {
      if (this.#process === process) this.#onFailed(error)
    })
  }

  #open({ clock, logger }: Process): Promise<Node> {
    const { random, network } = this.#parts
    const { options, threadDeathRate } = this.#plan
    return Node.open(completeOptions({ ...ports, ...options, data: '/data' }), {
      logger,
      storage: this.#storage(),
      syncDelayMs: 0,
      doors: {
        clock,
        random,
        memory: this.memory,
        openListener: (listener) => openListener(listener, network),
        openLocalListener: () => Promise.reject(new Error('there is no such socket here')),
        countFiles: () => Promise.resolve(undefined),
        httpGet: () => Promise.reject(new Error('there is no other machine here')),
        startBatchThread: batchThreads({
          clock,
          latencyMs: () => 1 + random.next() * 20,
          fails: () => random.next() < threadDeathRate,
        }),
      },
    })
  }

  #storage(): StorageKind {
    const { engine, commitMsMax } = this.#plan
    if (engine === 'memory') return { random: this.#parts.random, delayMsMax: commitMsMax }
    return { disk: this.disk.disk, topologyFiles: this.#topology }
  }

  /** Storage has failed for good: the program ends. */
  #onFailed(error: Error): void {
    if (this.disk.errorCount === 0 && !this.disk.wasFull) {
      this.#parts.onBroken(`storage failed without a fault: ${error.stack}`)
    }
    this.kill('process')
    this.#parts.onDied(error.message)
  }

  /** What could not be written at the end is found in the log. */
  #onStopFailed(error: Error): void {
    const isExcused = this.disk.errorCount > 0 || this.disk.wasFull
    if (!isExcused) this.#parts.onBroken(`the broker does not stop: ${error.stack}`)
    this.#parts.note('machine', `stop failed: ${error.message}`)
  }

  #onStartFailed(error: Error): void {
    const isExcused = this.disk.errorCount > 0 || this.disk.wasFull
    if (!isExcused) this.#parts.onBroken(`the broker does not start: ${error.stack}`)
    this.#parts.note('machine', `start failed: ${error.message}`)
    this.kill('process')
  }
}

function openListener({ service, onSocket }: ListenerOptions, network: Network): Promise<Listener> {
  const close = network.listen(service as ServiceName, onSocket)
  return Promise.resolve({ address: { host: '127.0.0.1', port: 1 }, close })
}
