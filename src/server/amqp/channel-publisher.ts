// What a channel does with a message that has come in completely: check it, route it, append it,
// and see to returns and confirms. While the broker is blocked, messages are parked here in order.
import { preconditionFailed } from '../../broker/broker-error.ts'
import type { ClientCounters } from '../../broker/counters/client-counters.ts'
import type { Destination } from '../../broker/destination.ts'
import { routingKeysOf } from '../../broker/exchange/routing-keys.ts'
import { type Publisher } from '../../broker/publisher.ts'
import { type Route, type RouteCache, routeTo } from '../../broker/route-cache.ts'
import type { VHost } from '../../broker/vhost.ts'
import { keyOfMessage } from '../../crossing/message-key.ts'
import { Fifo } from '../../lib/fifo.ts'
import { largePages } from '../../lib/large-pages.ts'
import { amqpLimits } from '../../limits/amqp.ts'
import { logLimits } from '../../limits/log.ts'
import type { Ticket } from '../../log/ticket.ts'
import { decodeAddress } from '../../record/message/address.ts'
import {
  readExpiration,
  readHeaders,
  readPropertyFlags,
  readUserId,
} from '../../record/message/content-header.ts'
import { type FieldTable } from '../../record/message/field-table.ts'
import {
  PROPERTY_EXPIRATION,
  PROPERTY_HEADERS,
  PROPERTY_REPLY_TO,
  PROPERTY_USER_ID,
} from '../../record/message/properties.gen.ts'
import { RecordSource } from '../../record/message/record-source.ts'
import { hasCarbonCopies, removeBlindCopies } from './carbon-copies.ts'
import { checkExpiration } from './check-expiration.ts'
import type { Confirms } from './confirms.ts'
import type { ClosableChannel, ConfirmingChannel, ConnectionSession } from './connection-session.ts'
import { findReplyAddress, replaceReplyTo, type ReplyAddressee } from './direct-reply.ts'
import { PublishState, setBody } from './publish-state.ts'
import { makeReply, ProtocolError } from './reply.ts'
import { type ContentTarget, writeReturn } from './write-content.ts'

/** A complete message that has to wait, with its own copy of everything. */
export interface KeptMessage {
  readonly source: RecordSource
  readonly isMandatory: boolean
}

/** The channel that messages come in on. */
export interface PublishingChannel extends ContentTarget, ClosableChannel, ConfirmingChannel {
  readonly connection: ConnectionSession
  readonly vhost: VHost<Destination>
  readonly counters: ClientCounters
  readonly state: 'open' | 'closing' | 'gone'
  readonly replyConsumer: ReplyAddressee | undefined
  /** Where messages are kept until a commit. */
  readonly transaction: { addPublish(message: KeptMessage): void } | undefined
  readonly isWaiting: boolean
  /** From now on frames are parked. */
  wait(): void
  /** The channel goes on in a turn of its own, with `first`. */
  resume(first: () => void): void
}

/** A message whose large body is in a file of its own by now. */
interface AsideMessage {
  readonly message: KeptMessage
  readonly asideId: number
}

const empty = Buffer.alloc(0)

export class ChannelPublisher {
  /** Set by confirm.select. */
  confirms: Confirms | undefined
  readonly #channel: PublishingChannel
  readonly #state: PublishState
  readonly #source = new RecordSource()
  readonly #routes: RouteCache
  readonly #publisher: Publisher
  /** Messages that came while publishers were blocked. */
  readonly #parked = new Fifo<KeptMessage>()
  /** Bytes of a message on its way in that the connection holds. */
  #inputSize = 0
  /** Whether the message routed last names further routing keys. */
  #hasCopies = false
  /** A commit that came while publishers were blocked. */
  #onceUnblocked: (() => void) | undefined
  /** Its body was written; it is published when the channel goes on. */
  #aside: AsideMessage | undefined

  constructor(channel: PublishingChannel) {
    this.#channel = channel
    const { broker, settings } = channel.connection.context
    this.#state = new PublishState(settings.messageSizeMax)
    this.#routes = broker.routesOf(channel.vhost)
    this.#publisher = broker.createPublisher()
  }

  /** Whether a message's header or body is still to come. */
  get isReceiving(): boolean {
    return this.#state.at !== 'idle'
  }

  /** Whether messages wait for publishers to be unblocked. */
  get hasParked(): boolean {
    return this.#parked.size > 0
  }

  get at(): PublishState['at'] {
    return this.#state.at
  }

  get publisher(): Publisher {
    return this.#publisher
  }

  onMethod(buffer: Buffer, start: number, end: number): void {
    this.#state.onMethod(buffer, start, end)
  }

  onHeader(buffer: Buffer, start: number, end: number): void {
    if (!this.#state.onHeader(buffer, start, end)) {
      this.#holdInput(this.#state.heldSize)
      return
    }
    setBody(this.#source, buffer, start, start)
    this.#onComplete()
  }

  onBody(buffer: Buffer, start: number, end: number): void {
    if (!this.#state.onBody(buffer, start, end, this.#source)) {
      this.#holdInput(this.#state.heldSize)
      return
    }
    this.#holdInput(0)
    if (this.#source.isBodyOwn) this.#onGathered()
    else this.#onComplete()
  }

  /** The message that is coming in, or written to a file of its own, takes so many bytes by now. */
  #holdInput(size: number): void {
    const more = size - this.#inputSize
    if (more === 0) return
    this.#inputSize = size
    this.#channel.connection.held.changeInput(more)
  }

  /** The body came in several frames. Whoever needs it for longer than this holds it. */
  #onGathered(): void {
    const { body } = this.#source
    try {
      this.#onComplete()
    } finally {
      largePages.letGo(body)
      setBody(this.#source, empty, 0, 0)
    }
  }

  /** Sends the confirms that are due. */
  writeConfirms(): void {
    const { connection, counters, number } = this.#channel
    counters.confirmed += this.confirms?.write(connection.output, number) ?? 0
    connection.scheduleFlush()
  }

  /** Publishers are no longer blocked: what was parked goes on its way. */
  onUnblocked(): void {
    const action = this.#onceUnblocked
    if (action === undefined) {
      this.#publishParked()
      return
    }
    this.#onceUnblocked = undefined
    this.#channel.resume(() => {
      this.#publishParked()
      if (this.#parked.size === 0 && !this.#channel.isWaiting) action()
      else this.whenUnblocked(action)
    })
  }

  /** As far as no large body makes the channel wait; the rest follows when that is written. */
  #publishParked(): void {
    const { connection } = this.#channel
    while (this.#parked.size > 0 && !this.#channel.isWaiting && !connection.isBlocked) {
      const message = this.#parked.shift() as KeptMessage
      connection.held.unpark(sizeOf(message.source))
      connection.guard(this.#channel, () => this.#publish(message))
      largePages.letGo(message.source.body)
    }
  }

  /** Lets the channel wait with `action` until publishers are not blocked. */
  whenUnblocked(action: () => void): void {
    this.#channel.connection.blockedNotice.onPublished()
    this.#channel.wait()
    this.#onceUnblocked = action
  }

  /** The channel is gone; what was parked was never confirmed. */
  release(): void {
    while (this.#parked.size > 0) {
      const { source } = this.#parked.shift() as KeptMessage
      this.#channel.connection.held.unpark(sizeOf(source))
      largePages.letGo(source.body)
    }
    if (this.#aside !== undefined) this.#dropAside(this.#aside)
    this.#aside = undefined
    this.#onceUnblocked = undefined
    this.#state.release()
    this.#holdInput(0)
  }

  /** Where the message goes, its CC and BCC headers included. Throws what routing throws. */
  route(source: RecordSource): Route {
    this.#hasCopies = false
    const route = this.#routes.find(source)
    if ((flagsOf(source) & PROPERTY_HEADERS) === 0 || !hasCarbonCopies(source)) return route
    const { exchange, routingKey } = decodeAddress(source.address, source.addressStart)
    const headers = headersOf(source)
    const found = this.#channel.vhost.route(exchange, {
      routingKeys: routingKeysOf(routingKey, headers),
      headers,
    })
    this.#hasCopies = true
    return routeTo(found.queues, this.#channel.vhost.getExchange(exchange).counters)
  }

  /** Takes out of a routed message what only routing may see. */
  hideBlindCopies(source: RecordSource): void {
    if ((flagsOf(source) & PROPERTY_HEADERS) !== 0) removeBlindCopies(source)
  }

  /** Counts a message; one that reached no queue goes back to a client that wants to know. */
  onPublished({ queues, exchange }: Route, source: RecordSource, isMandatory: boolean): void {
    this.#channel.counters.published++
    if (queues.length > 0) return
    if (isMandatory) exchange.returned++
    else exchange.dropped++
    this.#onUnroutable(source, isMandatory)
  }

  #onUnroutable(source: RecordSource, isMandatory: boolean): void {
    const { counters, connection } = this.#channel
    if (!isMandatory) {
      counters.dropped++
      return
    }
    counters.returned++
    const { code } = makeReply('no_route', '')
    writeReturn(this.#channel, { code, text: 'NO_ROUTE' }, source)
    connection.scheduleFlush()
  }

  #onComplete(): void {
    const state = this.#state
    const source = this.#source
    state.fill(source)
    this.#check()
    const { connection, transaction } = this.#channel
    connection.blockedNotice.onPublished()
    if (transaction !== undefined) {
      transaction.addPublish(keep(source, state.isMandatory))
    } else if (connection.isBlocked || this.#parked.size > 0) {
      this.#park(keep(source, state.isMandatory))
    } else {
      this.#publish({ source, isMandatory: state.isMandatory })
    }
  }

  #check(): void {
    const state = this.#state
    if (state.isImmediate) throw new ProtocolError('not_implemented', 'immediate=true')
    if (state.isTooLarge) {
      const { messageSizeMax } = this.#channel.connection.context.settings
      throw preconditionFailed(
        `message size ${state.bodySize} is larger than configured max size ${messageSizeMax}`,
      )
    }
    const flags = flagsOf(this.#source)
    if ((flags & PROPERTY_USER_ID) !== 0) this.#checkUserId()
    if ((flags & PROPERTY_EXPIRATION) !== 0) {
      const { header, headerStart, headerEnd } = this.#source
      checkExpiration(readExpiration(header, headerStart, headerEnd) as string)
    }
    if ((flags & PROPERTY_REPLY_TO) !== 0) replaceReplyTo(this.#channel, this.#source)
  }

  #checkUserId(): void {
    const { header, headerStart, headerEnd } = this.#source
    const claimed = readUserId(header, headerStart, headerEnd)
    const user = this.#channel.connection.principal?.user ?? ''
    if (claimed === undefined || claimed === user) return
    throw preconditionFailed(
      `user_id property set to '${claimed}' but authenticated user was '${user}'`,
    )
  }

  #publish({ source, isMandatory }: KeptMessage): void {
    const replyAddress = findReplyAddress(source)
    if (replyAddress !== undefined) {
      this.#answer(replyAddress, source, isMandatory)
      return
    }
    const route = this.route(source)
    const bodySize = source.bodyEnd - source.bodyStart
    if (route.durableCount > 0 && bodySize > logLimits.inlineBodySizeMax && source.asideId === 0) {
      this.#writeAside(keep(source, isMandatory))
      return
    }
    this.#append(route, source, isMandatory)
  }

  #append(route: Route, source: RecordSource, isMandatory: boolean): void {
    const publisher = this.#publisher
    if (this.#hasCopies) removeBlindCopies(source)
    setKey(route, source)
    publisher.publish(route, source)
    this.onPublished(route, source, isMandatory)
    if (publisher.ticket !== undefined) this.#channel.connection.lastTicket = publisher.ticket
    this.#confirm(publisher.ticket, publisher.isRefused)
  }

  /** An answer to a direct request: it goes to one channel now, or nowhere. */
  #answer(replyAddress: string, source: RecordSource, isMandatory: boolean): void {
    const target = this.#channel.connection.context.broker.replies.find(replyAddress)
    target?.deliverReply(source)
    this.#channel.counters.published++
    if (target === undefined) this.#onUnroutable(source, isMandatory)
    this.#confirm(undefined)
  }

  #confirm(ticket: Ticket | undefined, isRefused = false): void {
    if (this.confirms === undefined) return
    const isNewTicket = this.confirms.track(ticket, isRefused)
    if (isNewTicket) ticket?.whenDurable(this.#channel.onDurable)
    else if (ticket === undefined) this.#channel.connection.scheduleConfirms(this.#channel)
  }

  /** A large body goes to a file of its own first; only this channel waits for it. */
  #writeAside(message: KeptMessage): void {
    const channel = this.#channel
    const { source } = message
    const { store } = channel.connection.context.broker
    channel.wait()
    this.#holdInput(source.bodyEnd - source.bodyStart)
    store.writeAside(source.body.subarray(source.bodyStart, source.bodyEnd), (asideId) => {
      if (channel.state !== 'open') {
        this.#dropAside({ message, asideId })
        return
      }
      this.#aside = { message, asideId }
      channel.resume(() => this.#publishAside())
    })
  }

  #dropAside({ message, asideId }: AsideMessage): void {
    this.#channel.connection.context.broker.store.dropAside(asideId)
    largePages.letGo(message.source.body)
  }

  /** The route is found again: a queue may have gone while the body was written. */
  #publishAside(): void {
    if (this.#aside === undefined) return
    const { message, asideId } = this.#aside
    const { source, isMandatory } = message
    this.#aside = undefined
    this.#holdInput(0)
    source.asideId = 0
    let isUsed = false
    try {
      const route = this.route(source)
      isUsed = route.durableCount > 0
      if (isUsed) source.asideId = asideId
      this.#append(route, source, isMandatory)
    } finally {
      if (!isUsed) this.#channel.connection.context.broker.store.dropAside(asideId)
      largePages.letGo(source.body)
    }
  }

  #park(message: KeptMessage): void {
    this.#parked.push(message)
    this.#channel.connection.held.park(sizeOf(message.source))
  }
}

/** The key decides the partition, where there are several. */
export function setKey(route: Route, source: RecordSource): void {
  if (route.needsKey) source.partitionKey = keyOfMessage(source)
}

/** A copy that outlives the frame it came in. Who is done with it lets go of its body. */
function keep(source: RecordSource, isMandatory: boolean): KeptMessage {
  const kept = new RecordSource()
  kept.address = Buffer.from(source.address.subarray(source.addressStart, source.addressEnd))
  kept.addressEnd = kept.address.length
  kept.header = Buffer.from(source.header.subarray(source.headerStart, source.headerEnd))
  kept.headerEnd = kept.header.length
  const body = source.body.subarray(source.bodyStart, source.bodyEnd)
  kept.body = source.isBodyOwn ? body : Buffer.from(body)
  if (source.isBodyOwn) largePages.hold(body)
  kept.bodyEnd = body.length
  kept.isBodyOwn = true
  kept.asideId = source.asideId
  return { source: kept, isMandatory }
}

/** Memory that keeping the message takes. */
export function sizeOf(source: RecordSource): number {
  const bodySize = source.bodyEnd - source.bodyStart
  return amqpLimits.keptMessageSize + source.addressEnd + source.headerEnd + bodySize
}

function flagsOf(source: RecordSource): number {
  return readPropertyFlags(source.header, source.headerStart)
}

function headersOf(source: RecordSource): FieldTable | undefined {
  return readHeaders(source.header, source.headerStart, source.headerEnd)
}
