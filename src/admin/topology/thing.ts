// What a picture of a virtual host is made of: exchanges, queues and topics, and who reads those.
import type { Destination } from '../../broker/destination.ts'
import type { Exchange } from '../../broker/exchange/exchange.ts'
import type { FieldTable } from '../../record/message/field-table.ts'

/** A client that consumes: all connections with its name. */
export interface ClientReader {
  readonly kind: 'client'
  readonly name: string
  readonly protocol: string
  readonly user: string
  /** Consumers by the name of their queue. */
  readonly queues: Map<string, number>
}

/** A consumer group of Kafka. */
export interface GroupReader {
  readonly kind: 'group'
  readonly name: string
  readonly members: number
  /** What it has not read, by topic. */
  readonly queues: Map<string, number>
}

export type Reader = ClientReader | GroupReader

export type Thing =
  | { readonly kind: 'exchange'; readonly name: string; readonly exchange: Exchange<Destination> }
  /** An exchange that something names and that is not there. */
  | { readonly kind: 'missing'; readonly name: string }
  | { readonly kind: 'queue'; readonly name: string; readonly queue: Destination }
  | Reader

/** Why one thing leads to another. */
export const linkKinds = [
  'binding',
  'default',
  'alternate',
  'dead_letter',
  'source',
  'read',
] as const
export type LinkKind = (typeof linkKinds)[number]

/** A binding, or a subscription of a client of MQTT. */
export interface LinkBinding {
  readonly routingKey: string
  readonly arguments: FieldTable
}

/** One reason for an edge. */
export interface Link {
  readonly kind: LinkKind
  readonly from: string
  readonly to: string
  readonly binding?: LinkBinding | undefined
  /** Of dead letters that get another one. */
  readonly routingKey?: string | undefined
  /** Consumers of a client. */
  readonly consumers?: number | undefined
  /** Messages that a group has not read. */
  readonly lag?: number | undefined
}

/** Queues and topics share their names, as do exchanges and those that are missing. */
export function idOf(kind: Thing['kind'], name: string): string {
  return `${kind === 'missing' ? 'exchange' : kind}:${name}`
}
