// The demo's clients, in a thread of their own: what they load and do holds up nobody whom the broker serves,
// and what they throw ends the demo alone.
import { parentPort, workerData } from 'node:worker_threads'
import type { ChannelModel } from 'amqplib'
import { keepProcessAlive, systemClock } from '../lib/clock.ts'
import { systemRandom } from '../lib/random.ts'
import { demoLimits } from '../limits/demo.ts'
import { declareDemo, openBilling } from './billing.ts'
import { DemoCounts } from './demo-counts.ts'
import type { DemoNews, DemoPlace } from './demo-news.ts'
import { Readers } from './readers.ts'
import { shopNames, Shops } from './shops.ts'

const { amqp, kafka, user, password } = workerData as DemoPlace
const clock = systemClock
const random = systemRandom
const counts = new DemoCounts(clock)
const connections: ChannelModel[] = []
let isEnding = false

keepProcessAlive()
parentPort?.once('message', () => void end())
const shops = new Shops({ connect, counts, clock, random })
const readers = new Readers(clock, counts)
try {
  await open()
} catch (error) {
  fail(error)
}

async function open(): Promise<void> {
  const first = await connect('demo')
  // A shop's orders are in one partition, so that a reader sees them in order.
  await declareDemo(await first.createChannel(), shopNames.length)
  await openBilling({ connect, counts, clock, random })
  await shops.open()
  if (kafka !== undefined) readers.begin({ ...kafka, user, password })
  clock.every(demoLimits.pictureMs, () => tell({ kind: 'picture', picture: counts.picture }))
  tell({ kind: 'open', picture: counts.picture })
}

async function connect(name: string): Promise<ChannelModel> {
  const { connect: open } = await import('amqplib')
  const { host: hostname, port } = amqp
  const connection = await open(
    { protocol: 'amqp', hostname, port, username: user, password, vhost: '/' },
    { clientProperties: { connection_name: name } },
  )
  connections.push(connection)
  connection.on('error', fail)
  connection.on('close', () => fail(new Error('a connection was closed')))
  return connection
}

/** Gives back what it can in good order; the node cuts off what takes too long. */
async function end(): Promise<void> {
  isEnding = true
  shops[Symbol.dispose]()
  await readers.close()
  await Promise.allSettled(connections.map((connection) => connection.close()))
  tell({ kind: 'closed' })
  parentPort?.close()
}

function fail(error: unknown): void {
  if (isEnding) return
  isEnding = true
  tell({ kind: 'failed', reason: error instanceof Error ? error.message : String(error) })
}

function tell(news: DemoNews): void {
  parentPort?.postMessage(news)
}
