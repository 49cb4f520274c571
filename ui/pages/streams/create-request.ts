// How the broker is asked for a stream, by HTTP and on the command line.
import { type Method, shellQuoted } from '../../lib/api.ts'
import { apiPath } from '../../lib/names.ts'
import type { CreateArguments, CreateAsked } from './create-fields.ts'

/** What is in the form. */
export interface Draft extends CreateAsked {
  readonly name: string
  readonly vhost: string
}

export interface CreateRequest {
  readonly method: Method
  readonly path: string
  readonly body: object
  readonly cli: string
}

/** In a cluster topics of `/` are made as Kafka's clients make them, so that all nodes lead their partitions. */
export function createRequestOf(
  draft: Draft,
  args: CreateArguments,
  isCluster: boolean,
): CreateRequest {
  const { kind, isTransient, name, vhost } = draft
  if (isCluster && kind === 'topic' && vhost === '/') return topicRequest(draft, args)
  return {
    method: 'PUT',
    path: apiPath`/queues/${vhost}/${name}`,
    body: { durable: !isTransient || kind !== 'queue', arguments: args },
    cli: commandOf(draft, args),
  }
}

function topicRequest(draft: Draft, args: CreateArguments): CreateRequest {
  const { name } = draft
  const partitions = Number(args['x-partitions'] ?? 1)
  const settings = settingsOf(args)
  const words = [...wordsOf(name, 'topic'), '--partitions', `${partitions}`]
  for (const [key, value] of Object.entries(settings)) words.push('--argument', `${key}=${value}`)
  const body = { name, partitions, settings }
  return { method: 'POST', path: '/v1/topics', body, cli: words.join(' ') }
}

/** What a stream with these arguments would have, under Kafka's names. */
function settingsOf(args: CreateArguments): Readonly<Record<string, string>> {
  const seconds = args['x-max-age'] === undefined ? -1 : Number.parseInt(`${args['x-max-age']}`, 10)
  return {
    'retention.ms': `${seconds < 0 ? -1 : seconds * 1000}`,
    'retention.bytes': `${args['x-max-length-bytes'] ?? -1}`,
  }
}

function commandOf({ kind, isTransient, name, vhost }: Draft, args: CreateArguments): string {
  const types = { queue: undefined, quorum: 'quorum', topic: 'stream' } as const
  const words = wordsOf(name, types[kind])
  for (const [key, value] of Object.entries(args)) {
    if (key === 'x-queue-type') continue
    if (key === 'x-partitions') words.push('--partitions', `${value}`)
    else words.push('--argument', shellQuoted(`${key}=${value}`))
  }
  if (isTransient && kind === 'queue') words.push('--transient')
  if (vhost !== '/') words.push('--vhost', shellQuoted(vhost))
  return words.join(' ')
}

function wordsOf(name: string, type: string | undefined): string[] {
  const words = ['pabal', 'create', name === '' ? 'NAME' : shellQuoted(name)]
  return type === undefined ? words : [...words, '--type', type]
}
