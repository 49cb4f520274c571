// queue.declare: finds the queue and checks that it is what was asked for, or makes it.
import type { CommitGroup } from '../log/commit-group.ts'
import { queueLocked, queueNotFound } from './broker-error.ts'
import type { Broker } from './broker.ts'
import { checkNewName, stripName } from './exchange/check-name.ts'
import {
  checkQueueDeclaration,
  checkQueueEquivalence,
  checkServerNamed,
  type QueueDeclaration,
  queueTypeOf,
} from './queue-arguments.ts'
import { type ConnectionToken, Queue } from './queue/queue.ts'
import type { VHost } from './vhost.ts'

export interface QueueAsked extends QueueDeclaration {
  readonly connection: ConnectionToken
}

interface Declared {
  readonly queue: Queue
  /** When the declaration is durable; undefined when nothing was written. */
  readonly group: CommitGroup | undefined
}

const nameSuffixBytes = 16

/**
 * Throws `precondition_failed` when the queue exists otherwise or cannot be as asked,
 * `resource_locked` when it is another connection's, `access_refused` for a reserved name.
 */
export function declareQueue(broker: Broker, vhost: VHost<Queue>, asked: QueueAsked): Declared {
  const name = stripName(asked.name)
  if (name === '')
    return createQueue(broker, vhost, { ...asked, name: serverName(broker, vhost, asked) })
  const existing = vhost.findQueue(name)
  if (existing !== undefined) {
    checkExisting(vhost, existing, asked)
    return { queue: existing, group: undefined }
  }
  checkNewName('queue', name)
  return createQueue(broker, vhost, { ...asked, name })
}

/** The queue as `connection` may use it. Throws `queue_not_found`, `resource_locked`. */
export function getUsableQueue(
  vhost: VHost<Queue>,
  name: string,
  connection: ConnectionToken,
): Queue {
  const stripped = stripName(name)
  const queue = vhost.findQueue(stripped)
  if (queue === undefined) throw queueNotFound(vhost.name, stripped)
  checkOwner(vhost, queue, connection)
  return queue
}

function checkExisting(vhost: VHost<Queue>, existing: Queue, asked: QueueAsked): void {
  checkOwner(vhost, existing, asked.connection)
  if (asked.exclusive !== existing.isExclusive) throw queueLocked(vhost.name, existing.name)
  checkQueueEquivalence(vhost.name, asked, {
    name: existing.name,
    durable: existing.isDurable,
    exclusive: existing.isExclusive,
    autoDelete: existing.isAutoDelete,
    arguments: existing.arguments,
    type: existing.type,
  })
}

function checkOwner(vhost: VHost<Queue>, queue: Queue, connection: ConnectionToken): void {
  if (queue.owner !== undefined && queue.owner !== connection) {
    throw queueLocked(vhost.name, queue.name)
  }
}

function serverName(broker: Broker, vhost: VHost<Queue>, asked: QueueAsked): string {
  checkServerNamed(queueTypeOf(vhost.name, '', asked.arguments))
  return `amq.gen-${broker.random.bytes(nameSuffixBytes).toString('base64url')}`
}

function createQueue(broker: Broker, vhost: VHost<Queue>, asked: QueueAsked): Declared {
  const type = checkQueueDeclaration(vhost.name, asked)
  const isDurable = asked.durable && !asked.exclusive
  const group = broker.store.beginAtom()
  const log = broker.store.createLog({ isVolatile: !isDurable })
  const queue = new Queue(
    {
      vhost: vhost.name,
      name: asked.name,
      type,
      isDurable,
      isAutoDelete: asked.autoDelete,
      owner: asked.exclusive ? asked.connection : undefined,
      arguments: asked.arguments,
      log,
    },
    broker.queueContext,
  )
  broker.addQueue(vhost, queue)
  if (isDurable) {
    const row = {
      vhost: vhost.name,
      name: asked.name,
      type,
      logId: log.id,
      autoDelete: asked.autoDelete,
      arguments: asked.arguments,
    }
    broker.topology.put([{ kind: 'queue', op: 'put', row }], group)
  }
  broker.store.endAtom()
  return { queue, group: isDurable ? group : undefined }
}
