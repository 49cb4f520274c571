// Asks one broker's management API all of the calls, with an AMQP client at work meanwhile.
import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { text } from 'node:stream/consumers'
import { type ChannelModel, connect } from 'amqplib'
import { waitFor } from '../../support/wait-for.ts'
import type { Endpoints } from '../endpoints.ts'
import { epilogue, looks, type ManagementCall, prologue } from './calls.ts'
import { type Shape, shapeOf } from './shape.ts'

export interface Answer {
  readonly call: ManagementCall
  readonly status: number
  readonly text: string
  /** Undefined for what is no JSON. */
  readonly shape: Shape | undefined
}

type Names = Readonly<Record<string, string>>

export async function playCalls(broker: Endpoints): Promise<Answer[]> {
  const answers: Answer[] = []
  const ask = async (calls: readonly ManagementCall[], names: Names): Promise<void> => {
    for (const call of calls) answers.push(await askOne(broker, call, names))
  }
  const [{ name: node = '' } = {}] = (await readJson(broker, '/nodes')) as readonly Names[]
  await ask(prologue, { node })
  const client = await work(broker)
  try {
    const names = await waitFor('the client is seen', () => findNames(broker), 60_000)
    const amqpPort = new URL(broker.amqp).port
    await ask(looks, { ...names, node, amqpPort })
    await ask(epilogue, { ...names, node })
  } finally {
    await client.close().catch(() => undefined)
  }
  return answers
}

/** Publishes with confirms, consumes, and takes messages one by one. */
async function work({ amqp }: Endpoints): Promise<ChannelModel> {
  const client = await connect(amqp, { clientProperties: { connection_name: 'worker' } })
  client.on('error', () => undefined)
  const channel = await client.createConfirmChannel()
  channel.on('error', () => undefined)
  await channel.prefetch(2)
  await channel.assertQueue('mine', { exclusive: true })
  await channel.consume('quorum', (message) => message && channel.ack(message), {
    consumerTag: 'one',
  })
  await channel.consume('mine', () => undefined, { consumerTag: 'two', arguments: { a: 1 } })
  for (const queue of ['orders', 'quorum', 'mine', 'mine', 'mine', 'stream']) {
    channel.publish('', queue, Buffer.from('m'), { persistent: true, timestamp: 1_600_000_000 })
  }
  channel.publish('events', 'work', Buffer.from('m'))
  await channel.waitForConfirms()
  await channel.get('orders', { noAck: true })
  await channel.get('orders')
  return client
}

/** Undefined until the statistics of all that is asked for are there. */
async function findNames(broker: Endpoints): Promise<Names | undefined> {
  const read = (path: string): Promise<unknown> => readJson(broker, path)
  const [connection] = (await read('/connections')) as readonly Names[]
  const [channel] = (await read('/channels')) as readonly Record<string, unknown>[]
  const queues = (await read('/queues')) as readonly Record<string, unknown>[]
  const consumers = (await read('/consumers')) as readonly unknown[]
  const overview = (await read('/overview')) as Record<string, Record<string, unknown>>
  const isSeen =
    connection?.['user_provided_name'] !== undefined &&
    channel?.['message_stats'] !== undefined &&
    consumers.length === 2 &&
    overview['message_stats']?.['publish'] !== undefined &&
    queues
      .filter(({ name }) => ['orders', 'quorum', 'mine'].includes(String(name)))
      .every((queue) => queue['message_stats'] !== undefined && queue['messages'] !== undefined) &&
    queues.every((queue) => queue['messages'] !== undefined)
  return isSeen
    ? { connection: String(connection['name']), channel: String(channel['name']) }
    : undefined
}

async function readJson(broker: Endpoints, path: string): Promise<unknown> {
  const { status, text: content } = await askOne(broker, { method: 'GET', path }, {})
  if (status !== 200) throw new Error(`GET ${path}: ${status} ${content}`)
  return JSON.parse(content)
}

async function askOne(
  { management }: Endpoints,
  call: ManagementCall,
  names: Names,
): Promise<Answer> {
  const { method, path, body } = call
  const named = path.replaceAll(/\{(\w+)\}/g, (_all, name) => encodeURIComponent(names[name] ?? ''))
  const content =
    body === undefined || typeof body === 'string' ? (body ?? '') : JSON.stringify(body)
  const sent = request({
    ...management,
    method,
    path: `/api${named}`,
    auth: 'guest:guest',
    headers: {
      host: 'localhost',
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(content),
    },
  }).end(content)
  const [answer] = (await once(sent, 'response')) as [IncomingMessage]
  const answered = await text(answer)
  return { call, status: answer.statusCode ?? 0, text: answered, shape: parse(answered) }
}

function parse(content: string): Shape | undefined {
  try {
    return shapeOf(JSON.parse(content))
  } catch {
    return undefined
  }
}
