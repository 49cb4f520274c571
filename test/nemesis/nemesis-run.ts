// One run: a cluster, clients of both protocols, faults one after the other, and a verdict. What the run ends with is a
// takeover by a node that has nothing but what PostgreSQL and the store of objects have.
import { setTimeout as delay } from 'node:timers/promises'
import { seededRandom } from '../../src/testing/seeded-random.ts'
import { waitFor } from '../support/wait-for.ts'
import { Clients } from './clients.ts'
import { faults } from './faults.ts'
import type { History } from './history.ts'
import { judgeObjects } from './judge/judge-objects.ts'
import { judgeOwners } from './judge/judge-owners.ts'
import { judgeQueues } from './judge/judge-queues.ts'
import { judgeTopics } from './judge/judge-topics.ts'
import { Rig } from './rig.ts'

export interface NemesisOptions {
  readonly seed: number
  /** How long faults go on; beginning and end come on top. */
  readonly seconds: number
  /** However long they take; left out, one. */
  readonly strikesMin?: number
  /** Names of faults; all when left out. */
  readonly only?: readonly string[] | undefined
  /** A mistake to plant. */
  readonly bug?: string | undefined
  readonly report: (line: string) => void
}

export interface NemesisResult {
  /** What was promised and not kept. */
  readonly wrongs: readonly string[]
  readonly counts: Readonly<Record<string, number>>
  readonly faultCounts: Readonly<Record<string, number>>
}

/** Invariant 13: after a fault everybody is confirmed again. A takeover takes five seconds, and then the opening. */
const recoveryMsMax = 45_000
const nodeCount = 3
/** What both protocols need before anything goes wrong. */
const warmUpMs = 1500

export async function runNemesis(options: NemesisOptions): Promise<NemesisResult> {
  const { seed, report, bug } = options
  report('starting PostgreSQL, its standby, the objects and the nodes')
  await using rig = await Rig.start({ nodeCount, bug })
  await rig.owner()
  await using clients = await Clients.start(rig.ports)
  await clients.confirmedAgain(recoveryMsMax)
  await delay(warmUpMs)
  // A short run on a busy machine has but one takeover after that.
  await clients.areAtWork(recoveryMsMax)
  report(`seed ${seed}: clients are at work`)
  const faultCounts: Record<string, number> = {}
  const wrongs: string[] = []
  try {
    await strikeAll(rig, clients, { ...options, faultCounts })
    const history = await clients.stop()
    await takeOverWithNothing(rig)
    const left = await clients.drain()
    const names = rig.all.map(({ name }) => name)
    wrongs.push(
      ...history.wrongs,
      ...judgeQueues(history, left),
      ...judgeTopics(history, left),
      ...judgeOwners(history, await rig.epochs(), names),
      ...(await judgeObjects(rig)),
    )
    return { wrongs, faultCounts, counts: countsOf(history) }
  } catch (error) {
    // A cluster that does not come back has broken a promise as well.
    wrongs.push(`it did not come back: ${(error as Error).message}`)
    return { wrongs, faultCounts, counts: {} }
  } finally {
    for (const wrong of wrongs.slice(0, 30)) report(`WRONG: ${wrong}`)
    if (wrongs.length > 0) rig.keepLogs()
  }
}

interface Striking extends NemesisOptions {
  readonly faultCounts: Record<string, number>
}

async function strikeAll(rig: Rig, clients: Clients, striking: Striking): Promise<void> {
  const { seed, seconds, report, faultCounts, strikesMin = 1 } = striking
  let strikes = 0
  const random = seededRandom(seed)
  const names = striking.only ?? Object.keys(faults)
  const until = performance.now() + seconds * 1000
  let order: string[] = []
  do {
    if (order.length === 0) order = shuffled(names, (bound) => random.below(bound))
    const name = order.pop() ?? ''
    const fault = faults[name]
    if (fault === undefined) throw new Error(`there is no fault "${name}"`)
    await rig.forgiveCrashes()
    await fault.strike(rig, random)
    faultCounts[name] = (faultCounts[name] ?? 0) + 1
    const { amqp, kafka } = await clients.confirmedAgain(recoveryMsMax)
    rig.ensureRunning()
    report(
      `${name}: confirmed again after ${Math.round(amqp)} (AMQP) and ${Math.round(kafka)} ms (Kafka)`,
    )
    await delay(random.below(1500))
    strikes++
  } while (performance.now() < until || strikes < strikesMin)
}

/** What is read afterwards comes from PostgreSQL and the store alone. */
async function takeOverWithNothing(rig: Rig): Promise<void> {
  const owner = await rig.owner()
  await rig.forgiveCrashes()
  await owner.end('SIGKILL')
  for (const node of rig.nodes) {
    if (node !== owner) await node.end('SIGKILL')
    node.forgetFolder()
  }
  rig.ensureRunning()
  await waitFor(
    'a node takes over with nothing',
    async () => (await rig.findOwner()) !== undefined,
    recoveryMsMax,
  )
}

function shuffled(names: readonly string[], below: (bound: number) => number): string[] {
  const left = [...names]
  const order: string[] = []
  while (left.length > 0) order.push(...left.splice(below(left.length), 1))
  return order
}

function countsOf({ sent, delivered, settled, read, pairs }: History): Record<string, number> {
  const confirmed = sent.filter(({ outcome }) => outcome === 'confirmed')
  const records = confirmed.filter(({ to }) => to.includes('/')).length
  return {
    messages: confirmed.length - records,
    records,
    unknown: sent.length - confirmed.length,
    delivered: delivered.length,
    settled: settled.length,
    read: read.length,
    transactions: pairs.filter(({ outcome }) => outcome === 'committed').length,
  }
}
