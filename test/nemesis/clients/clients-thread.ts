// The clients of the nemesis in a thread of their own. It tells how far they are, and does what it is told:
// `stop` ends publishers, lets the others go on until nothing comes any more, and ends them; `drain` reads what is left.
import { setTimeout as delay } from 'node:timers/promises'
import { parentPort, workerData } from 'node:worker_threads'
import { emptyHistory, type History, type Progress } from '../history.ts'
import { bind } from './amqp-binder.ts'
import { consume } from './amqp-consumer.ts'
import { publish } from './amqp-publisher.ts'
import { ClientParts, type Address } from './client-parts.ts'
import { declareAll, queues } from './declare-all.ts'
import { drainAll, type Left } from './drain-all.ts'
import { probe } from './kafka-prober.ts'
import { produce } from './kafka-producer.ts'
import { read } from './kafka-reader.ts'
import { transact } from './kafka-transactor.ts'

/** What the thread says. */
export type FromClients =
  | { readonly kind: 'progress'; readonly progress: Progress }
  | { readonly kind: 'declared' }
  | { readonly kind: 'stopped'; readonly history: History }
  | { readonly kind: 'drained'; readonly left: Left }
  | { readonly kind: 'failed'; readonly why: string }

export type ToClients = { readonly kind: 'begin' | 'stop' | 'drain' }

const port = parentPort
const history = emptyHistory()
const parts = new ClientParts(workerData as readonly Address[], history)
const senders = new Map<string, Promise<void>>()
const others = new Map<string, Promise<void>>()
const quietMs = 1000
const readableMsMax = 120_000
const endMsMax = 30_000
const catchUpMsMax = 40_000

function say(what: FromClients): void {
  port?.postMessage(what)
}

const counted = { at: 0, unknown: [] as History['sent'], amqp: 0, kafka: 0 }

/** Each message is looked at until its outcome is known. */
function progressOf({ sent, settled, read: reads, pairs }: History): Progress {
  const open = [...counted.unknown, ...sent.slice(counted.at)]
  counted.at = sent.length
  counted.unknown = []
  for (const each of open) {
    if (each.outcome === 'unknown') counted.unknown.push(each)
    else if (each.to.includes('/')) counted.kafka++
    else counted.amqp++
  }
  // What is very old stays unknown.
  counted.unknown = counted.unknown.slice(-2000)
  const { amqp, kafka } = counted
  const committed = pairs.filter(({ outcome }) => outcome === 'committed').length
  return { amqp, kafka, settled: settled.length, read: reads.length, committed }
}

function begin(): void {
  const committed = new Map<number, number>()
  for (const queue of queues) {
    for (const name of ['a', 'b']) {
      const asked = { from: `${queue}-${name}`, queue, isPatient: name === 'b' }
      senders.set(`publisher ${name} of ${queue}`, publish(parts, asked))
    }
    others.set(`consumer of ${queue}`, consume(parts, queue, queue === 'parcels'))
  }
  senders.set('binder', bind(parts))
  for (const name of ['p1', 'p2']) senders.set(`producer ${name}`, produce(parts, name))
  senders.set('transactor', transact(parts))
  others.set('reader', read(parts, committed))
  others.set('prober', probe(parts, committed))
}

async function stop(): Promise<void> {
  parts.isSending = false
  await endAll(senders)
  const end = Date.now() + catchUpMsMax
  for (let seen = -1; Date.now() < end;) {
    const now = sumOf()
    if (seen === now && hasReadAll()) break
    seen = now
    await delay(quietMs)
  }
  parts.isRunning = false
  await endAll(others)
  say({ kind: 'stopped', history })
}

/** A client that waits for ever for something that never comes is wrong as well. */
async function endAll(clients: ReadonlyMap<string, Promise<void>>): Promise<void> {
  const open = new Set(clients.keys())
  const ending = Array.from(clients, async ([name, work]) => {
    await work
    open.delete(name)
  })
  await Promise.race([Promise.all(ending), delay(endMsMax)])
  for (const name of open) parts.wrong(`the ${name} waits for an answer and nobody gives it`)
}

/** Whether the group's reader has all that was acked. */
function hasReadAll(): boolean {
  const ends = new Map<string, number>()
  for (const { partition, offset } of history.read) {
    ends.set(partition, Math.max(offset, ends.get(partition) ?? -1))
  }
  return history.sent.every(
    ({ to, offset }) => offset === undefined || offset <= (ends.get(to) ?? -1),
  )
}

function sumOf(): number {
  return history.delivered.length + history.read.length
}

/** A node that has just taken over may not take connections yet. */
async function drain(): Promise<void> {
  const why = new Set<string>()
  const end = Date.now() + readableMsMax
  const drained: Record<string, string[]> = {}
  while (Date.now() < end) {
    try {
      say({ kind: 'drained', left: await drainAll(parts, drained) })
      return
    } catch (error) {
      why.add((error as Error).message)
      await delay(1000)
    }
  }
  say({ kind: 'failed', why: `what is left is not readable: ${[...why].join('; ')}` })
}

port?.on('message', ({ kind }: ToClients) => {
  if (kind === 'begin') begin()
  else void (kind === 'stop' ? stop() : drain())
})
// A client of a library that was left in the middle of something.
process.on('unhandledRejection', () => undefined)
setInterval(() => say({ kind: 'progress', progress: progressOf(history) }), 50)
void declareAll(parts).then(() => say({ kind: 'declared' }))
