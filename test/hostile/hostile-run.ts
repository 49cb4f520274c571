// A broker with little memory, hostile clients of all kinds against it, and well-behaved ones beside them:
// it has to survive, the others have to go on, and the memory has to come back.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { TestBroker } from '../support/start-test-broker.ts'
import { HonestClients, type Rounds } from './honest-clients.ts'

export interface HostileRunOptions {
  readonly seed: number
  readonly seconds: number
  /** Of the heap of V8. */
  readonly heapMegabytes: number
  readonly watermarkMegabytes: number
  /** Names of attacks; all by default. */
  readonly kinds?: readonly string[]
  readonly report?: (line: string) => void
}

export interface HostileRunResult {
  readonly restMegabytes: number
  readonly peakMegabytes: number
  readonly afterMegabytes: number
  readonly rounds: readonly Rounds[]
}

/** Memory has to be back in so long after the last attack. */
const recoveryMs = 60_000
/** And so much more than before may remain: caches, and what the heap has grown to. */
const keptMegabytes = 120

export async function runHostile(options: HostileRunOptions): Promise<HostileRunResult> {
  const { seed, seconds, heapMegabytes, watermarkMegabytes, report = () => undefined } = options
  await using broker = await TestBroker.start(
    ['--memory-watermark', `${watermarkMegabytes}MiB`, '--kafka-port', '0'],
    [`--max-old-space-size=${heapMegabytes}`],
  )
  try {
    await using honest = await HonestClients.start(broker.url, broker.kafkaPort)
    const restMegabytes = residentOf(broker)
    using memory = watchMemory(broker, report)
    let isDone = false
    const attacking = attack(broker, options).finally(() => {
      isDone = true
    })
    await Promise.all([attacking, honest.runUntil(() => isDone)])
    report(`attacks are over: ${residentOf(broker)} MB`)
    await untilRecovered(broker, restMegabytes + keptMegabytes)
    await honest.check()
    assertHealthy(broker)
    const afterMegabytes = residentOf(broker)
    return { restMegabytes, peakMegabytes: memory.peak, afterMegabytes, rounds: honest.rounds }
  } catch (error) {
    const why = broker.isGone ? 'the broker has ended' : 'it lives'
    const tail = broker.output.slice(-6000)
    throw new Error(`hostile seed ${seed}, ${seconds} s: ${why}\n${tail}`, { cause: error })
  }
}

async function attack(broker: TestBroker, options: HostileRunOptions): Promise<void> {
  const { seed, seconds, kinds = [], report = () => undefined } = options
  const attacker = spawn(
    process.execPath,
    [
      join(import.meta.dirname, 'attacker.ts'),
      ...['--amqp', String(broker.port), '--kafka', String(broker.kafkaPort)],
      ...['--seed', String(seed), '--seconds', String(seconds), '--kinds', kinds.join(',')],
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  attacker.stdout.on('data', (chunk: Buffer) => report(chunk.toString().trim()))
  const [code] = (await once(attacker, 'exit')) as [number | null]
  assert.equal(code, 0, 'the attacker ends well')
  assert.ok(!broker.isGone, 'the broker is there')
}

function residentOf({ pid }: TestBroker): number {
  try {
    const pages = Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1])
    return Math.round((pages * 4096) / 1e6)
  } catch {
    return 0
  }
}

function watchMemory(
  broker: TestBroker,
  report: (line: string) => void,
): { peak: number } & Disposable {
  let looks = 0
  const watched = { peak: 0, [Symbol.dispose]: () => clearInterval(timer) }
  const timer = setInterval(() => {
    const resident = residentOf(broker)
    watched.peak = Math.max(watched.peak, resident)
    if (looks++ % 10 === 0) report(`  ${resident} MB`)
  }, 100)
  return watched
}

async function untilRecovered(broker: TestBroker, megabytes: number): Promise<void> {
  const end = performance.now() + recoveryMs
  while (residentOf(broker) > megabytes && performance.now() < end) await delay(200)
  assert.ok(residentOf(broker) <= megabytes, `${residentOf(broker)} MB, ${megabytes} are expected`)
}

/** Nothing in the log is the broker's own fault. */
function assertHealthy({ output }: TestBroker): void {
  for (const line of output.split('\n')) {
    assert.ok(!line.includes('"fatal"') && !line.includes('Unexpected error'), line)
  }
}
