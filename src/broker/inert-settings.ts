// What a declaration may carry and this version does not act on yet. Each of these would be a message
// lost or kept against the user's will, so a declaration with one of them is warned of, once. Whoever
// makes one of them work deletes its row.
import type { FieldTable } from '../record/message/field-table.ts'

/** A setting without effect, and what comes of that. */
export interface InertSetting {
  readonly name: string
  readonly consequence: string
}

/** A queue or a topic that was declared with some of them. */
export interface InertNotice {
  readonly kind: 'queue' | 'topic'
  readonly vhost: string
  readonly name: string
  readonly settings: readonly InertSetting[]
}

/** Arguments of work queues. */
const queueArguments: Readonly<Record<string, string>> = {
  'x-max-priority': 'messages are delivered in the order they came',
  'x-single-active-consumer': 'all consumers get messages',
  'x-delivery-limit': 'a message is delivered as often as it comes back',
  'x-delayed-retry-type': 'messages come back at once',
  'x-delayed-retry-min': 'messages come back at once',
  'x-delayed-retry-max': 'messages come back at once',
}

/** The arguments of a new work queue that have no effect. */
export function inertArguments(args: FieldTable): InertSetting[] {
  return args.entries.flatMap(({ name }) => {
    const consequence = Object.hasOwn(queueArguments, name) ? queueArguments[name] : undefined
    return consequence === undefined ? [] : [{ name, consequence }]
  })
}

/** The settings of a topic that have no effect with the values it has been given. */
export function inertConfigs(configs: Readonly<Record<string, string>>): InertSetting[] {
  const inert: InertSetting[] = []
  if (configs['cleanup.policy']?.includes('compact') === true) {
    const consequence = 'old values of a key are not removed'
    inert.push({ name: 'cleanup.policy=compact', consequence })
  }
  const compression = configs['compression.type'] ?? 'producer'
  if (compression !== 'producer') {
    const consequence = 'batches stay as their producers compressed them'
    inert.push({ name: `compression.type=${compression}`, consequence })
  }
  return inert
}

/** The line for the log. */
export function describeInert({ kind, settings }: InertNotice): string {
  const list = settings.map(({ name, consequence }) => `${name} (${consequence})`).join(', ')
  return `A ${kind} was declared with settings that have no effect yet: ${list}`
}
