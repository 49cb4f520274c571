import { BrokerError } from '../broker-error.ts'

const nameSizeMax = 249
const legalName = /^[a-zA-Z0-9._-]+$/

/** Whether Kafka allows the name for a topic (Kafka's Topic.validate). */
export function isTopicName(name: string): boolean {
  return name.length <= nameSizeMax && name !== '.' && name !== '..' && legalName.test(name)
}

/** Throws `invalid_topic` for a name that Kafka does not allow. */
export function checkTopicName(name: string): void {
  if (isTopicName(name)) return
  throw new BrokerError('invalid_topic', `Topic name is invalid: '${name}'`)
}
