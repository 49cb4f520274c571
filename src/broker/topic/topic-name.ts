import { BrokerError } from '../broker-error.ts'

const nameSizeMax = 249
const legalName = /^[a-zA-Z0-9._-]+$/

/** Whether Kafka allows the name for a topic (Kafka's Topic.validate). */
export function isTopicName(name: string): boolean {
  return name.length <= nameSizeMax && name !== '.' && name !== '..' && legalName.test(name)
}

/** Where Kafka keeps offsets, transactions and what its controller knows. */
const internalNames: ReadonlySet<string> = new Set([
  '__consumer_offsets',
  '__transaction_state',
  '__share_group_state',
  '__cluster_metadata',
])

/**
 * Whether Kafka would write the topic itself. Here nothing does, so who reads it would wait for ever:
 * no topic may get the name.
 */
export function isInternalTopicName(name: string): boolean {
  return internalNames.has(name)
}

/**
 * Throws `invalid_topic`, or `not_allowed` for one of Kafka's own, in Kafka's words, for a name that no
 * new topic may get.
 */
export function checkNewTopicName(name: string): void {
  checkTopicName(name)
  if (!isInternalTopicName(name)) return
  throw new BrokerError('not_allowed', `Creation of internal topic ${name} is prohibited.`)
}

/** Throws `invalid_topic`, in Kafka's words, for a name that Kafka does not allow. */
export function checkTopicName(name: string): void {
  if (isTopicName(name)) return
  throw new BrokerError('invalid_topic', `Topic name is invalid: ${problemOf(name)}`)
}

function problemOf(name: string): string {
  if (name === '') return 'the empty string is not allowed'
  if (name === '.' || name === '..') return `'${name}' is not allowed`
  if (name.length > nameSizeMax) {
    return `the length of '${name}' is longer than the max allowed length ${nameSizeMax}`
  }
  return `'${name}' contains one or more characters other than ASCII alphanumerics, '.', '_' and '-'`
}
