// Who sees what of the messages of a stream. The right to read it shows all; whoever may configure the stream, and
// administrators, see what is on the outside of messages without it: the place, properties and headers, not the payload.
import type { Broker } from '../../broker/broker.ts'
import type { BrowsedMessage } from '../../broker/browse/browsed-message.ts'
import type { Destination } from '../../broker/destination.ts'
import { permit } from '../../broker/permit.ts'
import type { Caller } from '../api/caller.ts'
import type { FilterJson } from './filter-schema.ts'

/** What somebody may look at. */
export interface Viewed {
  readonly stream: Destination
  readonly seesPayloads: boolean
}

/** Undefined where there is no such stream; throws `access_refused`. */
export function streamToView(
  broker: Broker,
  { vhost, name }: { readonly vhost: string; readonly name: string },
  caller: Caller,
): Viewed | undefined {
  const stream = broker.findVHost(vhost)?.findQueue(name)
  if (stream === undefined) return undefined
  const rights = caller.rightsIn(vhost)
  const seesPayloads = rights.isUnrestricted || rights.may('read', name)
  const seesOutside = caller.hasTag('administrator') || rights.may('configure', name)
  if (!seesPayloads && !seesOutside) permit(rights, 'read', { kind: 'queue', name })
  return { stream, seesPayloads }
}

/** A filter tells what is in payloads, a letter at a time. Throws `access_refused`. */
export function permitFilter(viewed: Viewed, { text, json }: FilterJson, caller: Caller): void {
  if (text === undefined && json === undefined) return
  permitPayload(viewed, caller)
}

/** Throws `access_refused`. */
export function permitPayload({ stream, seesPayloads }: Viewed, caller: Caller): void {
  if (seesPayloads) return
  permit(caller.rightsIn(stream.vhost), 'read', { kind: 'queue', name: stream.name })
}

/** What is shown of it: all, or what is on its outside. */
export function outsideOf(message: BrowsedMessage): BrowsedMessage {
  return { ...message, payload: undefined }
}

/** Undefined where there is none. A place is an offset, or `PARTITION.OFFSET`; throws `precondition_failed`. */
export async function findMessage(
  broker: Broker,
  { stream }: Viewed,
  place: string,
  payloadSizeMax: number,
): Promise<BrowsedMessage | undefined> {
  const [, partition, offset] = /^(?:(\d{1,10})\.)?(\d{1,15})$/.exec(place) ?? []
  if (offset === undefined) return undefined
  return broker.browser.find(stream, {
    offset: Number(offset),
    partition: partition === undefined ? undefined : Number(partition),
    payloadSizeMax,
  })
}
