// What a declaration or a policy may carry and this version does not act on yet. Each of these would be a message
// lost or kept against the user's will, so a declaration with one of them is warned of, once. Who makes
// one of them work deletes its row.
import type { PolicyDefinition } from '../meta/topology-change.ts'
import type { FieldTable } from '../record/message/field-table.ts'
import { policyKeys } from './policy/policy-keys.ts'

/** A setting without effect, and what comes of that. */
export interface InertSetting {
  readonly name: string
  readonly consequence: string
}

/** What was declared, or asked for, with some of them. */
export interface InertNotice {
  readonly kind: InertKind
  readonly vhost: string
  /** Of the queue, topic, exchange or policy. */
  readonly name: string
  readonly settings: readonly InertSetting[]
}

/** What has arguments. */
type DeclaredKind = 'queue' | 'stream' | 'exchange'

export type InertKind = DeclaredKind | 'topic' | 'policy' | 'operator policy'

type Consequences = Readonly<Record<string, string>>

const oneCopy = 'there is one copy, on this machine'

/** Arguments of AMQP, by what carries them. Topics of Kafka are in `inertConfigs`, policies in `inertPolicyKeys`. */
const inert: Readonly<Record<DeclaredKind, Consequences>> = {
  queue: {
    'x-quorum-initial-group-size': oneCopy,
  },
  stream: {
    'x-initial-cluster-size': oneCopy,
    'x-stream-max-segment-size-bytes': 'old records go in pieces of another size',
  },
  exchange: { 'x-message-deduplication': 'duplicates are routed' },
}

/** The arguments that have no effect on what is declared with them. */
export function inertArguments(kind: DeclaredKind, { entries }: FieldTable): InertSetting[] {
  const consequences = inert[kind]
  const names = new Set(entries.map(({ name }) => name))
  return [...names].flatMap((name) => {
    const consequence = Object.hasOwn(consequences, name) ? consequences[name] : undefined
    return consequence === undefined ? [] : [{ name, consequence }]
  })
}

/** The settings of a topic that have no effect with the values it has been given. */
export function inertConfigs(configs: Readonly<Record<string, string>>): InertSetting[] {
  const found: InertSetting[] = []
  const compression = configs['compression.type'] ?? 'producer'
  if (compression !== 'producer') {
    const consequence = 'batches stay as their producers compressed them'
    found.push({ name: `compression.type=${compression}`, consequence })
  }
  const copies = configs['min.insync.replicas'] ?? '1'
  if (copies !== '1') found.push({ name: `min.insync.replicas=${copies}`, consequence: oneCopy })
  return found
}

/** The settings of a policy that have no effect. */
export function inertPolicyKeys(definition: PolicyDefinition): InertSetting[] {
  return Object.keys(definition).flatMap((name) => {
    const consequence = policyKeys[name]?.consequence
    return consequence === undefined ? [] : [{ name, consequence }]
  })
}

const declared: Readonly<Record<InertKind, (name: string) => string>> = {
  queue: (name) => `Queue '${name}' was declared with arguments`,
  stream: (name) => `Stream queue '${name}' was declared with arguments`,
  topic: (name) => `Topic '${name}' was given settings`,
  exchange: (name) => `Exchange '${name}' was declared with arguments`,
  policy: (name) => `Policy '${name}' has settings`,
  'operator policy': (name) => `Operator policy '${name}' has settings`,
}

/** The line for the log. */
export function describeInert({ kind, name, settings }: InertNotice): string {
  const list = settings.map(({ name: setting, consequence }) => `${setting} (${consequence})`)
  return `${declared[kind](name)} that have no effect here: ${list.join(', ')}`
}
