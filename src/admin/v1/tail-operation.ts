// Follows a queue or topic as server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html).
// Each event has a place for an id, with which a client that comes back goes on without a gap or a double.
import { z } from 'zod'
import type { Broker } from '../../broker/broker.ts'
import { readPlace } from '../../broker/browse/tail-place.ts'
import { Tail, type TailAsked, type TailItem } from '../../broker/browse/tail.ts'
import { tailLimits } from '../../limits/tail.ts'
import { badRequest, notFound } from '../answers.ts'
import type { Caller } from '../api/caller.ts'
import { type Operation, operation } from '../api/operation.ts'
import { messageJson } from '../message-json.ts'
import {
  filterOf,
  filterQuery,
  partitionQuery,
  placeIn,
  type StreamParts,
  streamToRead,
  tooManyAnswers,
  tooManyStreams,
  whyNoLonger,
  wholeIn,
} from './stream-asked.ts'

const { lastCountMax, payloadSizeMax, placeLengthMax, heartbeatMs, retryMs } = tailLimits

const tailQuery = z.strictObject({
  from: z
    .string()
    .max(64)
    .default('next')
    .describe(
      'next (what comes from now on), earliest or first, last, an offset, a time like 2026-11-29T07:00:00Z, or an age like 1h; of who comes back its Last-Event-ID counts',
    ),
  count: wholeIn(1, lastCountMax)
    .default(10)
    .describe('With from=last: how many of each partition'),
  partition: partitionQuery,
  filter: filterQuery,
  payload: wholeIn(0, payloadSizeMax)
    .default(payloadSizeMax)
    .describe('Bytes of each payload that are shown'),
})

const headers = {
  'content-type': 'text/event-stream',
  // Proxies would keep events for themselves.
  'x-accel-buffering': 'no',
}

export function tailOperation({ broker, streams }: StreamParts): Operation {
  return operation({
    method: 'get',
    path: '/v1/streams/{vhost}/{name}/tail',
    tag: 'Messages',
    summary:
      'Messages of a queue or topic as they come, as server-sent events; they stay as they are',
    access: 'vhost',
    isStream: true,
    query: tailQuery,
    answers: {
      200: 'Events: of a message its JSON, `gap` for what is gone, `end` with the reason',
      ...tooManyAnswers,
    },
    async handle({ names, query, caller, context }) {
      const destination = streamToRead(broker, names, caller)
      if (destination === undefined) return notFound(context)
      const { count: lastCount, partition } = query
      const start = startOf(context.req.header('last-event-id'), query.from, broker)
      if (typeof start === 'string') return badRequest(context, start)
      const filter = filterOf(query.filter)
      if (context.req.method === 'HEAD') return new Response(null, { headers })
      const asked = { start, partition, lastCount, payloadSizeMax: query.payload, filter }
      if (streams.endReason !== undefined) {
        return new Response(`${beginning('')}${endEvent(streams.endReason)}`, { headers })
      }
      const tail = await Tail.open(destination, asked, broker)
      const stream = {
        kind: 'tail' as const,
        user: caller.principal.user,
        destination,
        end: (reason: string) => tail.end(reason),
        refresh: () => {
          tail.refresh()
          const reason = whyNoLonger(broker, destination, caller)
          if (reason !== undefined) tail.end(reason)
        },
      }
      const added = streams.add(stream)
      if (added !== 'added') {
        tail.end(added)
        return tooManyStreams(context, added)
      }
      const events = new TailEvents(tail, { broker, caller, onEnd: () => streams.remove(stream) })
      return new Response(events.stream, { headers })
    },
  })
}

/** What is wrong with it, in words. */
function startOf(
  lastEventId: string | undefined,
  from: string,
  { clock }: Broker,
): TailAsked['start'] | string {
  if (lastEventId !== undefined && lastEventId !== '') {
    const place = lastEventId.length > placeLengthMax ? undefined : readPlace(lastEventId)
    return place === undefined ? 'Last-Event-ID: not the id of an event' : { kind: 'place', place }
  }
  if (from === 'next') return { kind: 'next' }
  return placeIn(from, clock.now()) ?? 'from: no such place'
}

interface TailEventsOptions {
  readonly broker: Broker
  readonly caller: Caller
  readonly onEnd: () => void
}

/** The events as bytes: no more is read than what the client takes. */
class TailEvents {
  readonly stream: ReadableStream<Uint8Array>
  readonly #tail: Tail
  readonly #options: TailEventsOptions
  /** What is being waited for; a heartbeat does not ask again. */
  #pending: Promise<readonly TailItem[]> | undefined
  #isPulling = false
  #hasEnded = false

  constructor(tail: Tail, options: TailEventsOptions) {
    this.#tail = tail
    this.#options = options
    this.stream = new ReadableStream<Uint8Array>(
      {
        start: (controller) => controller.enqueue(Buffer.from(beginning(tail.place))),
        pull: (controller) => this.#pull(controller),
        cancel: () => this.#end('the client has gone'),
      },
      { highWaterMark: 1 },
    )
  }

  async #pull(controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> {
    const { broker, caller } = this.#options
    const tail = this.#tail
    this.#isPulling = true
    try {
      this.#pending ??= tail.next()
      const items = await within(this.#pending, broker)
      if (this.#hasEnded) return
      const reason = tail.endReason ?? whyNoLonger(broker, tail.destination, caller)
      if (reason !== undefined) {
        controller.enqueue(Buffer.from(endEvent(reason)))
        controller.close()
        return this.#end(reason)
      }
      if (items !== undefined) this.#pending = undefined
      const text = items === undefined ? `:\nid: ${tail.place}\n\n` : items.map(eventOf).join('')
      this.#isPulling = false
      controller.enqueue(Buffer.from(text))
      // A client that keeps up has taken it by then.
      broker.clock.atEndOfTurn(() => this.#isPulling || tail.pause())
    } catch (error) {
      // The disk cannot be read.
      const reason = error instanceof Error ? error.message : String(error)
      if (!this.#hasEnded) controller.enqueue(Buffer.from(endEvent(reason)))
      if (!this.#hasEnded) controller.close()
      this.#end(reason)
    }
  }

  #end(reason: string): void {
    this.#hasEnded = true
    this.#tail.end(reason)
    this.#options.onEnd()
  }
}

/** Undefined when it takes so long that the client is to be told that all is well. */
async function within(
  pending: Promise<readonly TailItem[]>,
  { clock }: Broker,
): Promise<readonly TailItem[] | undefined> {
  const { promise, resolve } = Promise.withResolvers<undefined>()
  const timer = clock.after(heartbeatMs, () => resolve(undefined))
  try {
    return await Promise.race([pending, promise])
  } finally {
    timer.stop()
  }
}

/** The place is told before the first event: who comes back before that has missed nothing. */
function beginning(place: string): string {
  return `retry: ${retryMs}\n${place === '' ? '' : `id: ${place}\n`}\n`
}

function eventOf({ place, ...item }: TailItem): string {
  if (item.kind === 'message') {
    return `id: ${place}\ndata: ${JSON.stringify(messageJson(item.message))}\n\n`
  }
  const { kind: _, ...gap } = item
  return `id: ${place}\nevent: gap\ndata: ${JSON.stringify(gap)}\n\n`
}

/** Without an id: who comes back goes on behind the last one. */
function endEvent(reason: string): string {
  return `event: end\ndata: ${JSON.stringify({ reason })}\n\n`
}
