// A broker with little memory, hostile clients of all kinds against it, and well-behaved ones beside them:
// it has to survive within a bound, the others have to go on and get exactly what was confirmed, every
// attack has to get through to the broker, and afterwards nothing is held and nobody is blocked.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { connect } from 'amqplib'
import type { BrokerStatus } from '../../src/admin/broker-status.ts'
import { TestBroker } from '../support/start-test-broker.ts'
import { waitFor } from '../support/wait-for.ts'
import type { Outcome } from './attack.ts'
import { gotThrough, strayCodes } from './got-through.ts'
import { HonestClients, type Rounds } from './honest-clients.ts'

export interface HostileRunOptions {
  readonly seed: number
  readonly seconds: number
  /** Of V8's old generation. */
  readonly heapMegabytes: number
  readonly watermarkMegabytes: number
  /** Names of attacks; all by default. */
  readonly kinds?: readonly string[]
  /** A file of this folder that the broker loads first, to take one of its bounds away. */
  readonly weakness?: string
  readonly report?: (line: string) => void
}

export interface HostileRunResult {
  readonly peakMegabytes: number
  readonly afterMegabytes: number
  readonly recoveryMs: number
  readonly outcomes: readonly Outcome[]
  readonly rounds: readonly Rounds[]
}

/**
 * What the process may take, of its watermark: budgets of input and output, twice, and of what is parked
 * and unacked are 5/8 of it; garbage of up to a look, and what the allocator keeps, come on top.
 */
const residentShareMax = 2.25
/** After the last attack, nothing is held and nobody blocked any more in so long. */
const recoveryMsMax = 30_000
/** What little the honest clients themselves may have under way. */
const heldSizeMax = 64 * 1024

/** Rejects with the broker's last words when a promise is broken. */
export async function runHostile(options: HostileRunOptions): Promise<HostileRunResult> {
  const { seed, seconds, heapMegabytes, watermarkMegabytes, weakness, kinds = [] } = options
  const flags = [`--max-old-space-size=${heapMegabytes}`]
  if (weakness !== undefined) {
    flags.push(`--import=${pathToFileURL(join(import.meta.dirname, weakness)).href}`)
  }
  await using broker = await TestBroker.start(
    ['--memory-watermark', `${watermarkMegabytes}MiB`, '--kafka-port', '0', '--http-port', '0'],
    flags,
  )
  try {
    return await judge(broker, options)
  } catch (error) {
    const again = `npm run hostile -- --seed ${seed} --seconds ${seconds} --kinds ${kinds.join()}`
    const status = broker.isGone ? undefined : await statusOf(broker).catch(() => undefined)
    // Its connections end some time before the process does, and its last words come then.
    if (status === undefined) await waitFor('it ends', () => broker.isGone).catch(() => undefined)
    const why = broker.isGone ? 'the broker has ended' : 'the broker lives'
    const state = JSON.stringify(status && [status.memory, status.counts])
    const said = `${(error as Error).message}\n${why}, ${state}; again: ${again}\n${lastWords(broker)}`
    throw new Error(said, { cause: error })
  }
}

/** Without what it says about each client. */
function lastWords({ output }: TestBroker): string {
  const lines = output.split('\n').filter((line) => !/"level":"info".*"area"/.test(line))
  return lines.slice(-60).join('\n')
}

async function judge(broker: TestBroker, options: HostileRunOptions): Promise<HostileRunResult> {
  const { report = () => undefined, watermarkMegabytes } = options
  const { pid } = broker
  await using honest = await HonestClients.start(broker.url, broker.kafkaPort)
  const outcomes: Outcome[] = []
  using memory = watchMemory(broker)
  let isDone = false
  const attacking = attack(broker, options, (outcome) => {
    outcomes.push(outcome)
    report(`${JSON.stringify(outcome)} ${residentOf(broker)} MB`)
  }).finally(() => {
    isDone = true
  })
  await Promise.all([attacking, honest.runUntil(() => isDone)])
  const endedAt = performance.now()
  await waitFor('nothing is held', async () => hasRecovered(await statusOf(broker)), recoveryMsMax)
  await honest.publishOnce()
  await waitFor('new clients are let in', () => isLetIn(broker), recoveryMsMax)
  const recoveryMs = performance.now() - endedAt
  await honest.check()
  assert.equal(broker.pid, pid)
  assert.ok(!broker.isGone)
  assertHealthy(broker)
  assertThrough(outcomes, hasRefused(broker))
  const mebibyte = 1.048_576
  const megabytesMax = watermarkMegabytes * mebibyte * residentShareMax
  assert.ok(memory.peak <= megabytesMax, `${memory.peak} MB of ${megabytesMax.toFixed(0)}`)
  const afterMegabytes = residentOf(broker)
  const { rounds } = honest
  return { peakMegabytes: memory.peak, afterMegabytes, recoveryMs, outcomes, rounds }
}

async function attack(
  broker: TestBroker,
  options: HostileRunOptions,
  onOutcome: (outcome: Outcome) => void,
): Promise<void> {
  const { seed, seconds, kinds = [] } = options
  const file = join(import.meta.dirname, 'attacker.ts')
  const ports = ['--amqp', String(broker.port), '--kafka', String(broker.kafkaPort)]
  const plan = ['--seed', String(seed), '--seconds', String(seconds), '--kinds', kinds.join(',')]
  const attacker = spawn(process.execPath, [file, ...ports, ...plan], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let rest = ''
  attacker.stdout.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) onOutcome(JSON.parse(line) as Outcome)
  })
  const watching = setInterval(() => broker.isGone && attacker.kill(), 100)
  const [code] = (await once(attacker, 'close')) as [number | null]
  clearInterval(watching)
  assert.ok(!broker.isGone, 'the broker has died')
  assert.equal(code, 0, 'the attacker ends well')
}

async function statusOf({ httpPort }: TestBroker): Promise<BrokerStatus> {
  const response = await fetch(`http://127.0.0.1:${httpPort}/api/status`)
  return (await response.json()) as BrokerStatus
}

async function isLetIn({ url }: TestBroker): Promise<boolean> {
  try {
    const client = await connect(url)
    await client.close()
    return true
  } catch {
    return false
  }
}

function hasRecovered({ blockedReason, memory }: BrokerStatus): boolean {
  const held = Object.values(memory.heldBytes).reduce((sum, size) => sum + size, 0)
  return blockedReason === undefined && held <= heldSizeMax
}

function residentOf({ pid }: TestBroker): number {
  try {
    const pages = Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1])
    return Math.round((pages * 4096) / 1e6)
  } catch {
    return 0
  }
}

function watchMemory(broker: TestBroker): { peak: number } & Disposable {
  const watched = { peak: 0, [Symbol.dispose]: () => clearInterval(timer) }
  const timer = setInterval(() => {
    watched.peak = Math.max(watched.peak, residentOf(broker))
  }, 50)
  return watched
}

/** Nothing in the log is the broker's own fault. */
function assertHealthy({ output }: TestBroker): void {
  for (const line of output.split('\n')) {
    assert.ok(!line.includes('"fatal"') && !line.includes('Unexpected error'), line)
  }
}

/** Whether there was no memory for what some attacks begin with, as a topic of their own. */
function hasRefused({ output }: TestBroker): boolean {
  return output.includes('are refused: ')
}

/** Each kind was what it says it is, once at least, and never something else. */
function assertThrough(outcomes: readonly Outcome[], isRefusing: boolean): void {
  const missing = new Set(outcomes.map(({ kind }) => kind))
  for (const outcome of outcomes) {
    assert.deepEqual(strayCodes(outcome), [], JSON.stringify(outcome))
    if (gotThrough(outcome)) missing.delete(outcome.kind)
  }
  // Where others were told that memory is nearly used up, whole connections are refused without a word.
  const isIn = ({ opened }: Outcome): boolean => opened > 0 || !isRefusing
  const failed = outcomes.filter((outcome) => missing.has(outcome.kind) && isIn(outcome))
  assert.deepEqual(failed, [], 'attacks that did not get through')
}
