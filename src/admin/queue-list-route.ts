// The queues there are, by HTTP: of what RabbitMQ says about each, what is so here.
import type { Context } from 'hono'
import type { Broker } from '../broker/broker.ts'
import type { Destination } from '../broker/destination.ts'
import type { VHost } from '../broker/vhost.ts'
import { programLimits } from '../limits/program.ts'
import { notFound } from './answers.ts'

/** Of one virtual host, or of all when `vhostName` is undefined. */
export function listQueues(context: Context, broker: Broker, vhostName?: string): Response {
  const vhosts = vhostName === undefined ? broker.vhosts : [broker.findVHost(vhostName)]
  const found = Array.from(vhosts).filter((vhost) => vhost !== undefined)
  if (found.length === 0) return notFound(context)
  const text = ReadableStream.from(listText(broker, found))
  return context.body(text.pipeThrough(new TextEncoderStream()), {
    headers: { 'content-type': 'application/json' },
  })
}

export function showQueue(context: Context, broker: Broker): Response {
  const { vhost = '', name = '' } = context.req.param()
  const queue = broker.findVHost(vhost)?.findQueue(name)
  return queue === undefined ? notFound(context) : context.json(queueJson(queue))
}

/** In parts, between which others have their turn: there may be a hundred thousand. */
async function* listText(
  { clock }: Broker,
  vhosts: readonly VHost<Destination>[],
): AsyncGenerator<string> {
  let part: string[] = []
  let separator = '['
  for (const vhost of vhosts) {
    for (const queue of vhost.queues()) {
      part.push(JSON.stringify(queueJson(queue)))
      if (part.length < programLimits.listedAtOnceMax) continue
      yield `${separator}${part.join(',')}`
      separator = ','
      part = []
      await new Promise<void>((resolve) => clock.atEndOfTurn(resolve))
    }
  }
  yield part.length > 0 || separator === '[' ? `${separator}${part.join(',')}]` : ']'
}

function queueJson(queue: Destination): object {
  const { messageCount, unackedCount, policy } = queue
  return {
    vhost: queue.vhost,
    name: queue.name,
    type: queue.type,
    durable: queue.isDurable,
    auto_delete: queue.isAutoDelete,
    exclusive: queue.isExclusive,
    messages: messageCount,
    messages_ready: queue.readyCount,
    messages_unacknowledged: unackedCount,
    consumers: queue.consumerCount,
    policy: policy?.policy ?? null,
    operator_policy: policy?.operatorPolicy ?? null,
  }
}
