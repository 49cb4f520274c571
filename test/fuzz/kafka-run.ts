// Fuzzed Kafka connections against a broker process, several at a time, with an honest client beside
// them. The broker may not end, log an error of its own, hang a connection, take much memory, or keep
// the honest client waiting; and after a kill everything that was acked must be there.
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { seededRandom } from '../../src/testing/seeded-random.ts'
import { TestBroker } from '../support/start-test-broker.ts'
import { HonestClient } from './kafka-honest.ts'
import { type KafkaSessionEnd, runKafkaSession } from './kafka-session.ts'
import { namedTopic } from './kafka-values.ts'

/** Connections are made in rounds; after each the topics that they made are deleted. */
const roundSize = 100
const parallel = 6
/** Of a broker that idles at some 80 MB, and whose caches are full after a while. */
const memoryMbMax = 700
/** On a machine that runs other tests, too: a stalled broker takes much longer. */
const honestMsMax = 3000
const user = 'fuzz'
const password = 'fuzz-password'

export interface KafkaFuzzOptions {
  readonly seed: number
  readonly connections: number
  /** The broker lets only those in who log in. */
  readonly needsLogin?: boolean
  /** No new round is begun after this. */
  readonly secondsMax?: number
  readonly onConnection?: (seed: number, end: KafkaSessionEnd) => void
}

export interface KafkaFuzzResult {
  readonly ends: ReadonlyMap<KafkaSessionEnd, number>
  readonly honestRounds: number
  readonly honestSlowestMs: number
  readonly memoryPeakMb: number
}

/** Connection n is fuzzed with seed + n; an error names that seed. */
export async function runKafkaFuzz(options: KafkaFuzzOptions): Promise<KafkaFuzzResult> {
  const folder = mkdtempSync(join(tmpdir(), 'pabal-fuzz-'))
  try {
    const passwordFile = join(folder, 'password')
    writeFileSync(passwordFile, `${password}\n`)
    const login = ['--user', user, '--password-file', passwordFile]
    const flags = ['--kafka-port', '0', '--log-level', 'warn']
    await using broker = await TestBroker.start([
      ...flags,
      ...(options.needsLogin === true ? login : []),
    ])
    return await new KafkaFuzzRun(broker, options).run()
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

class KafkaFuzzRun {
  readonly #broker: TestBroker
  readonly #options: KafkaFuzzOptions
  readonly #login: Buffer | undefined
  readonly #ends = new Map<KafkaSessionEnd, number>()
  #failure: Error | undefined

  constructor(broker: TestBroker, options: KafkaFuzzOptions) {
    this.#broker = broker
    this.#options = options
    const isNeeded = options.needsLogin === true
    this.#login = isNeeded ? Buffer.from(`\0${user}\0${password}`) : undefined
  }

  async run(): Promise<KafkaFuzzResult> {
    const { seed, connections, secondsMax = Infinity } = this.#options
    const honest = await HonestClient.start(this.#broker.kafkaPort, this.#login)
    const deadline = performance.now() + secondsMax * 1000
    const end = seed + connections
    for (let from = seed; from < end && performance.now() < deadline; from += roundSize) {
      await this.#round(honest, from, Math.min(end, from + roundSize))
      await honest.deleteOthers()
    }
    const memoryPeakMb = peakMemoryMb(this.#broker.pid)
    await honest.checkAll(this.#broker.kafkaPort, this.#login)
    await honest[Symbol.asyncDispose]()
    await this.#broker.kill()
    await this.#broker.restart()
    await honest.checkAll(this.#broker.kafkaPort, this.#login)
    assert.ok(memoryPeakMb <= memoryMbMax, `memory went up to ${memoryPeakMb} MB`)
    const { slowestMs } = honest
    assert.ok(slowestMs <= honestMsMax, `the honest client waited for ${slowestMs} ms`)
    return {
      ends: this.#ends,
      honestRounds: honest.rounds,
      honestSlowestMs: slowestMs,
      memoryPeakMb,
    }
  }

  async #round(honest: HonestClient, from: number, to: number): Promise<void> {
    const topicIds = [await honest.createTopic(namedTopic)]
    const left = Array.from({ length: to - from }, (_, index) => from + index)
    const work = async (): Promise<void> => {
      for (let seed = left.shift(); seed !== undefined; seed = left.shift()) {
        if (this.#failure !== undefined) return
        await this.#connection(seed, topicIds)
      }
    }
    const fuzzing = Promise.all(Array.from({ length: parallel }, work)).catch(() => undefined)
    let isDone = false
    const finished = fuzzing.then(() => (isDone = true))
    await honest.runUntil(() => isDone)
    await finished
    if (this.#failure !== undefined) throw this.#failure
    assert.doesNotMatch(this.#broker.output, /error|fatal/i, `seeds ${from} to ${to}`)
  }

  async #connection(seed: number, topicIds: readonly string[]): Promise<void> {
    try {
      const end = await runKafkaSession({
        port: this.#broker.kafkaPort,
        random: seededRandom(seed),
        topicIds,
        ...(this.#login && { login: this.#login }),
      })
      this.#ends.set(end, (this.#ends.get(end) ?? 0) + 1)
      this.#options.onConnection?.(seed, end)
    } catch (error) {
      const reason = `${(error as Error).message}\n${this.#broker.output}`
      this.#failure ??= new Error(`fuzz seed ${seed}: ${reason}`, { cause: error })
    }
  }
}

/** The most memory that the process ever had (Linux); 0 elsewhere. */
function peakMemoryMb(pid: number | undefined): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8')
    return Math.round(Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1] ?? 0) / 1024)
  } catch {
    return 0
  }
}
