// Names of the queues that sessions have, as RabbitMQ names them where it has them.

const prefix = 'mqtt-subscription-'
const suffix = 'qos1'
const nameSizeMax = 255

/** The last message of each topic: nobody consumes it. */
export const retainedQueueName = 'mqtt-retained'

/** Of a client's messages of QoS 1 and 2. */
export function sessionQueueName(clientId: string): string {
  return prefix + clientId + suffix
}

/** The same, and what it is called where that of an earlier session has not gone yet. */
export function sessionQueueNames(clientId: string): readonly string[] {
  const name = sessionQueueName(clientId)
  return [name, ...['-2', '-3', '-4'].map((end) => name + end)]
}

/** Whose queue it is by its name; undefined for other queues. */
export function clientIdOfQueue(queueName: string): string | undefined {
  const name = queueName.replace(/-[234]$/, '')
  const isOne = name.startsWith(prefix) && name.endsWith(suffix)
  return isOne ? name.slice(prefix.length, -suffix.length) : undefined
}

/** Whether a client id can have a session: its queue has a name that contains it. */
export function isClientIdShort(clientId: string): boolean {
  return sessionQueueNames(clientId).every((name) => Buffer.byteLength(name) <= nameSizeMax)
}

/** Whether messages wait there as they should while no consumer is there. */
export function waitsForNobody(queueName: string): boolean {
  return queueName === retainedQueueName || queueName.startsWith(prefix)
}
