// Which stretches of which logs a job reads, and who sends what it finds.
import type { Rights } from '../../auth/rights.ts'
import type { Log } from '../../log/log.ts'
import { type BrokerError, preconditionFailed, queueLocked } from '../broker-error.ts'
import type { BrowsePlace } from '../browse/browse-start.ts'
import { type BrowsedPart, partsOf } from '../browse/browsed-part.ts'
import type { Destination } from '../destination.ts'
import { permit } from '../permit.ts'
import type { RouteCache } from '../route-cache.ts'
import type { VHost } from '../vhost.ts'
import type { JobAsked, JobTarget } from './job-asked.ts'
import type { WorkSegment } from './job-work.ts'
import type { Job } from './job.ts'
import { MessageSender } from './message-sender.ts'
import type { MovedRanges } from './moved-ranges.ts'

export interface PlanContext {
  getVHost(name: string): VHost<Destination>
  routesOf(vhost: VHost<Destination>): RouteCache
}

/**
 * Where the messages of a job are. Throws `queue_not_found`, `resource_locked` for one that another
 * connection has for itself, `access_refused`, `precondition_failed` for a stream that is to lose messages.
 */
export function findSource(context: PlanContext, asked: JobAsked, rights: Rights): Destination {
  const { vhost, queue: name, kind } = asked
  const queue = context.getVHost(vhost).getQueue(name)
  permit(rights, 'read', { kind: 'queue', name })
  checkUsable(queue)
  if (queue.kind === 'topic' && kind !== 'copy') {
    throw preconditionFailed(`${name} is a stream: its messages can only be copied`)
  }
  return queue
}

/** Undefined for a job that deletes. */
export function createSender(
  context: PlanContext,
  { vhost: vhostName, queue, kind, target, edit }: JobAsked,
  rights: Rights,
): MessageSender | undefined {
  const back: JobTarget | undefined = kind === 'undo' ? { to: 'queue', name: queue } : undefined
  const goal = back ?? target
  if (goal === undefined) return undefined
  const vhost = context.getVHost(vhostName)
  const routes = context.routesOf(vhost)
  return new MessageSender({ vhost, routes, isCopy: kind === 'copy', target: goal, edit, rights })
}

/** Of a queue, as far as it was when the job began. */
export function segmentsOf(queue: Destination, { asked, ends }: Job['facts']): WorkSegment[] {
  const { places, kind } = asked
  const isTaken = kind !== 'copy'
  return partsOf(queue).flatMap((part) => {
    const end = ends[part.index]
    // A log for one more priority has come since.
    if (end === undefined) return []
    const wanted = places === undefined ? undefined : offsetsIn(part, places)
    if (wanted?.length === 0) return []
    const next = wanted === undefined ? same : (offset: number) => firstFrom(wanted, offset)
    const backlog = isTaken && queue.kind === 'queue' ? queue.parts[part.index] : undefined
    return [{ queue, part, backlog, from: part.head, end, next, former: undefined }]
  })
}

/** All that is in a queue or topic, to be looked at. */
export function wholeSegmentsOf(queue: Destination): WorkSegment[] {
  return partsOf(queue).map((part) => {
    const end = part.log.stableEnd
    return { queue, part, backlog: undefined, from: part.head, end, next: same, former: undefined }
  })
}

/** Of what another job has moved; queues that are gone or others by now are left out. */
export function segmentsOfMoved(
  vhost: VHost<Destination>,
  { all }: MovedRanges,
  rights: Rights,
): WorkSegment[] {
  return all.flatMap(({ queue: name, logId, first, last, address, hasDeaths }) => {
    const queue = vhost.findQueue(name)
    if (queue?.kind !== 'queue') return []
    permit(rights, 'read', { kind: 'queue', name })
    checkUsable(queue)
    const part = partsOf(queue).find(({ log }) => log.id === logId)
    if (part === undefined) return []
    const backlog = queue.parts[part.index]
    const former = { address: Buffer.from(address, 'base64'), hasDeaths }
    return [{ queue, part, backlog, from: first, end: last + 1, next: same, former }]
  })
}

/** How many messages a job may be about. */
export function totalOf(queue: Destination, { places }: JobAsked): number {
  if (places !== undefined) return places.length
  if (queue.kind === 'queue') return queue.readyCount
  return partsOf(queue).reduce((sum, { log, head }) => sum + endOf(log) - head, 0)
}

/** Where each part ends by now, by its index; the last messages may not be durable yet. */
export function endsOf(queue: Destination): number[] {
  const ends: number[] = []
  for (const { index, log } of partsOf(queue)) ends[index] = endOf(log)
  return ends
}

function endOf({ endOffset, unstableFrom }: Log): number {
  return Math.min(endOffset, unstableFrom)
}

function checkUsable(queue: Destination): void {
  if (queue.kind === 'queue' && queue.owner !== undefined) {
    throw queueLocked(queue.vhost, queue.name)
  }
}

const same = (offset: number): number => offset

function offsetsIn({ index }: BrowsedPart, places: readonly BrowsePlace[]): number[] {
  const here = places.filter((place) => place.index === index).map(({ offset }) => offset)
  return [...new Set(here)].sort((a, b) => a - b)
}

/** The first of ascending offsets at or after `offset`. */
function firstFrom(offsets: readonly number[], offset: number): number {
  let [low, high] = [0, offsets.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if (offsets[middle]! < offset) low = middle + 1
    else high = middle
  }
  return offsets[low] ?? Infinity
}

/** Of its first log: no other queue will ever have that. */
export function logIdOf(queue: Destination): number {
  return queue.kind === 'queue' ? queue.id : queue.partitions[0]!.log.id
}

/** Whether the queue with this name is still the one that a job began with. */
export function isSameQueue(queue: Destination, { queueId }: Job['facts']): boolean {
  return logIdOf(queue) === queueId
}

export function gone(asked: JobAsked): BrokerError {
  return preconditionFailed(`the queue '${asked.queue}' of that time was deleted`)
}
