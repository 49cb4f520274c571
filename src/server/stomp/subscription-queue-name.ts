// Names of the queues that subscriptions to topics and exchanges have. Those of durable ones are RabbitMQ's, so that a
// client finds its queue again after a move from there: `stomp-subscription-` and the MD5 of what Erlang's
// term_to_binary makes of the tuple of destination and id (rabbit_stomp_util.erl, subscription_queue_name).
import { createHash } from 'node:crypto'
import { stompQueuePrefix } from '../../broker/client/stomp-queue-name.ts'
import type { Random } from '../../lib/random.ts'
import { bytesOfName } from '../../record/message/name-bytes.ts'

const randomSize = 16

/** Tags of Erlang's external term format. */
const version = 131
const smallTuple = 104
const string = 107
const emptyList = 106

/** `id` of a durable subscription; undefined for any other, whose name is nobody else's. */
export function subscriptionQueueName(key: string, id: string | undefined, random: Random): string {
  const digest =
    id === undefined
      ? random.bytes(randomSize)
      : createHash('md5')
          .update(Buffer.concat([Buffer.from([version, smallTuple, 2]), term(key), term(id)]))
          .digest()
  return `${stompQueuePrefix}${Buffer.from(digest).toString('base64url')}`
}

function term(text: string): Buffer {
  const bytes = Buffer.from(bytesOfName(text) as string)
  if (bytes.length === 0) return Buffer.from([emptyList])
  const head = Buffer.from([string, 0, 0])
  head.writeUInt16BE(bytes.length & 0xffff, 1)
  return Buffer.concat([head, bytes])
}
