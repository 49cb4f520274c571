// What the API says of users and virtual hosts, as far as the page asks for it. Hashes of passwords are never
// asked for.

export interface User {
  readonly name: string
  readonly tags: readonly string[]
  readonly limits: Readonly<Record<string, number>>
}

export interface Permission {
  readonly user: string
  readonly vhost: string
  readonly configure: string
  readonly write: string
  readonly read: string
}

export interface TopicPermission {
  readonly user: string
  readonly vhost: string
  readonly exchange: string
  readonly write: string
  readonly read: string
}

export interface VHost {
  readonly name: string
  readonly description: string
  readonly tags: readonly string[]
  readonly default_queue_type: string
  readonly protected_from_deletion?: boolean
  readonly messages?: number
}

export type Right = 'configure' | 'write' | 'read'

export const rights: readonly Right[] = ['configure', 'write', 'read']

/** What each tag lets a user see and do by HTTP. */
export const tagMeanings: Readonly<Record<string, string>> = {
  administrator: 'everything, users and virtual hosts too',
  monitoring: 'sees all virtual hosts, connections and the node',
  policymaker: 'changes policies where it may enter',
  management: 'sees what is in its virtual hosts',
}

export const limitMeanings: Readonly<Record<string, string>> = {
  'max-connections': 'connections at a time',
  'max-channels': 'channels at a time',
  'max-queues': 'queues',
  'max-publish-rate': 'messages published per second',
  'max-publish-bytes-rate': 'bytes published per second',
}

export const userLimits: readonly string[] = [
  'max-connections',
  'max-channels',
  'max-publish-rate',
  'max-publish-bytes-rate',
]

export const vhostLimits: readonly string[] = [
  'max-connections',
  'max-queues',
  'max-publish-rate',
  'max-publish-bytes-rate',
]

/** `everything`, `nothing`, or its patterns. */
export function inWords({ configure, write, read }: Permission): string | undefined {
  const patterns = [configure, write, read]
  if (patterns.every((pattern) => ['.*', '^.*', '.*$', '^.*$'].includes(pattern)))
    return 'everything'
  return patterns.every((pattern) => pattern === '') ? 'nothing' : undefined
}
