// Queues by HTTP. The replay is Pabal's own, RabbitMQ's management API has none.
import { type Context, Hono } from 'hono'
import { BrokerError } from '../broker/broker-error.ts'
import type { Broker } from '../broker/broker.ts'
import type { RewindTarget } from '../broker/replay.ts'
import { whenDurable } from '../broker/when-durable.ts'
import { badRequest, notFound, readObject, roomToDeclare } from './answers.ts'
import { browse } from './browse-route.ts'

export function createQueueRoutes(broker: Broker): Hono {
  const routes = new Hono()
  routes.post('/:vhost/:name/rewind', async (context) => {
    const body = await readObject(context)
    if (body === undefined) return badRequest(context, 'not_json')
    const target = readTarget(body)
    if (target === undefined) {
      const expected =
        'Expected either offset or time (milliseconds), and maybe partition, from 0 on'
      return badRequest(context, expected)
    }
    const { vhost, name } = context.req.param()
    return rewind(context, broker, { vhost, name, target })
  })
  routes.get('/:vhost/:name/browse', (context) => browse(context, broker))
  routes.all('*', (context) => context.body(null, 405))
  return routes
}

interface Asked {
  readonly vhost: string
  readonly name: string
  readonly target: RewindTarget
}

async function rewind(
  context: Context,
  broker: Broker,
  { vhost, name, target }: Asked,
): Promise<Response> {
  await roomToDeclare(broker)
  const queue = broker.findVHost(vhost)?.findQueue(name)
  if (queue === undefined) return notFound(context)
  if (queue.kind === 'topic') {
    return badRequest(context, 'A stream is not rewound: its consumers say where they begin')
  }
  try {
    const { count, ticket } = await broker.rewindQueue(queue, target)
    await whenDurable(ticket)
    return context.json({ message_count: count })
  } catch (error) {
    if (error instanceof BrokerError) return badRequest(context, error.message)
    throw error
  }
}

/** Undefined for anything but whole numbers. */
function readTarget(body: Readonly<Record<string, unknown>>): RewindTarget | undefined {
  const { offset, time, partition } = body
  if ((offset === undefined) === (time === undefined)) return undefined
  const value = offset ?? time
  if (!isNumber(value) || (partition !== undefined && !isNumber(partition))) return undefined
  return offset === undefined ? { time: value, partition } : { offset: value, partition }
}

function isNumber(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0
}
