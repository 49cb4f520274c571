// What a job makes of one message: what is appended, and where. Nothing is copied; what it answers is good
// for as long as the record is.
import type { Rights } from '../../auth/rights.ts'
import { decodeAddress, encodeAddress } from '../../record/message/address.ts'
import { decodeContentHeader, encodeContentHeader } from '../../record/message/content-header.ts'
import { emptyTable, fieldValue } from '../../record/message/field-table.ts'
import { fillFromView, setAddress, setHeader } from '../../record/message/fill-source.ts'
import { RecordSource } from '../../record/message/record-source.ts'
import type { RecordView } from '../../record/message/record-view.ts'
import { fitShortstr } from '../../record/message/wire-writer.ts'
import { BrokerError, preconditionFailed, queueLocked } from '../broker-error.ts'
import type { Destination } from '../destination.ts'
import { PublishedMessage } from '../exchange/published-message.ts'
import { permit, permitTopic } from '../permit.ts'
import { MessageRouter } from '../publish/message-router.ts'
import { isRouted, type Route, type RouteCache, routeTo } from '../route-cache.ts'
import type { VHost } from '../vhost.ts'
import { originOf } from './death-origin.ts'
import type { JobTarget, MessageEdit } from './job-asked.ts'

/** A message that is to go somewhere. */
export interface Outgoing {
  readonly source: RecordSource
  readonly route: Route
}

/** What the message was like before a job moved it, and is again when that is undone. */
export interface Former {
  readonly address: Buffer
  readonly hasDeaths: boolean
}

export interface SenderOptions {
  readonly vhost: VHost<Destination>
  readonly routes: RouteCache
  readonly isCopy: boolean
  readonly target: JobTarget
  readonly edit: MessageEdit | undefined
  readonly rights: Rights
}

export class MessageSender {
  readonly #options: SenderOptions
  readonly #router: MessageRouter
  readonly #body: Buffer | undefined

  constructor(options: SenderOptions) {
    const { vhost, routes, edit } = options
    this.#options = options
    this.#router = new MessageRouter(vhost, routes)
    this.#body = edit?.body === undefined ? undefined : Buffer.from(edit.body, 'base64')
  }

  /**
   * Of a message that is in `from`. Throws `BrokerError` when it has nowhere to go, or may not go there.
   * `former` is for what comes back.
   */
  prepare(view: RecordView, from: Destination, former?: Former): Outgoing {
    const { target } = this.#options
    const source = this.#sourceFrom(view)
    if (former !== undefined) {
      setAddress(source, former.address)
      source.hasDeaths = former.hasDeaths
    }
    const route = this.#routeOf(target, view, source)
    if (route.idNotes?.some(({ isRepeat }) => isRepeat) === true) {
      throw preconditionFailed('an exchange on its way has had its id and would drop it')
    }
    if (!isRouted(route)) throw preconditionFailed('no queue is bound for it')
    if (!this.#options.isCopy && route.queues.includes(from)) {
      throw preconditionFailed('it would come back to the queue that it is in')
    }
    return { source, route }
  }

  #routeOf(target: JobTarget, view: RecordView, source: RecordSource): Route {
    switch (target.to) {
      case 'queue':
        return this.#toQueue(target.name)
      case 'exchange': {
        const { routingKey } = decodeAddress(view.buffer, view.addressStart)
        setAddress(source, encodeAddress(target.name, target.routingKey ?? routingKey))
        this.#router.permit(source, this.#options.rights)
        return this.#router.route(source)
      }
      case 'origin': {
        const { queue, exchange, routingKeys } = this.#originOf(view, target.death)
        setAddress(source, encodeAddress(fitShortstr(exchange), fitShortstr(routingKeys[0] ?? '')))
        return this.#toQueue(queue)
      }
      case 'address':
        return this.#toAddress(view, source)
      default:
        return target satisfies never
    }
  }

  #toQueue(name: string): Route {
    const { vhost, rights } = this.#options
    permit(rights, 'write', { kind: 'queue', name })
    const queue = vhost.getQueue(name)
    if (queue.kind === 'queue' && queue.owner !== undefined) throw queueLocked(vhost.name, name)
    return routeTo({ queues: [queue] }, vhost.getExchange('').counters)
  }

  #toAddress(view: RecordView, source: RecordSource): Route {
    const { vhost, rights } = this.#options
    const { exchange: name, routingKeys } = this.#originOf(view, 'first')
    permit(rights, 'write', { kind: 'exchange', name })
    for (const routingKey of routingKeys) {
      permitTopic(rights, 'write', vhost, { exchange: name, routingKey })
    }
    const exchange = vhost.getPublishable(name)
    setAddress(source, encodeAddress(name, fitShortstr(routingKeys[0] ?? '')))
    const result = vhost.routeFrom(exchange, new PublishedMessage(routingKeys, source))
    return routeTo(result, exchange.counters)
  }

  #originOf(view: RecordView, death: 'first' | 'last'): NonNullable<ReturnType<typeof originOf>> {
    const origin = originOf(view, death)
    if (origin !== undefined) return origin
    throw preconditionFailed('its headers do not say that it died: there is no x-death')
  }

  /**
   * As a shovel of RabbitMQ 4 does, it leaves the headers about deaths to be read, but they count no more:
   * what was redriven may die in the same way again, and is not taken for a cycle.
   */
  #sourceFrom(view: RecordView): RecordSource {
    const { edit } = this.#options
    const source = new RecordSource()
    fillFromView(source, view)
    source.hasDeaths = false
    if (edit !== undefined) this.#edit(source, edit)
    return source
  }

  #edit(source: RecordSource, { setHeaders = {}, removeHeaders = [] }: MessageEdit): void {
    if (this.#body !== undefined) {
      source.body = this.#body
      source.bodyStart = 0
      source.bodyEnd = this.#body.length
      source.asideId = 0
    }
    const { header, headerStart, headerEnd } = source
    const { properties } = decodeContentHeader(header, headerStart, headerEnd)
    let headers = properties.headers ?? emptyTable
    for (const name of removeHeaders) headers = headers.with(name, undefined)
    for (const [name, value] of Object.entries(setHeaders)) {
      headers = headers.with(name, fieldValue(value))
    }
    // Who published it did not say this.
    const { userId: _user, headers: _headers, ...rest } = properties
    const edited = headers.size === 0 ? rest : { ...rest, headers }
    setHeader(source, encodeContentHeader(source.bodyEnd - source.bodyStart, edited))
  }
}

/** Why a message cannot go; rethrows what is no answer. */
export function reasonOf(error: unknown): string {
  if (error instanceof BrokerError) return error.message
  throw error
}
