// A client's AMQP channel: requests with their replies, contents in and out.
import {
  FRAME_HEADER_SIZE,
  FRAME_OVERHEAD,
  writeFrameHeader,
} from '../../../src/codec/amqp/frame.ts'
import * as amqp from '../../../src/codec/amqp/methods.gen.ts'
import {
  decodeContentHeader,
  encodeContentHeader,
} from '../../../src/record/message/content-header.ts'
import type { BasicProperties } from '../../../src/record/message/properties.gen.ts'
import { Ended } from '../ended.ts'
import type { AmqpConnection } from './amqp-connection.ts'

/** A content with the method that announced it. */
export interface Received<Method = ContentMethod> {
  readonly method: Method
  readonly properties: BasicProperties
  readonly body: Buffer
}

export type ContentMethod = amqp.BasicDeliver | amqp.BasicGetOk | amqp.BasicReturn

/** Whoever uses the channel. */
export interface ChannelUser {
  onDelivery?(received: Received<amqp.BasicDeliver>): void
  onReturn?(received: Received<amqp.BasicReturn>): void
  /** The broker confirms (or refuses) a publish, or all up to it. */
  onConfirm?(deliveryTag: number, isMultiple: boolean, isAck: boolean): void
  /** The broker has ended a consumer. */
  onCancel?(consumerTag: string): void
  /** The channel has ended: the last thing heard of it. */
  onEnded?(ended: Ended): void
}

/** The answer to a request: a method, or a message that was got. */
export type Reply = amqp.AmqpMethod | Received<amqp.BasicGetOk>

interface Waiting {
  /** Called when the reply is read, before anything that the broker sent after it. */
  readonly onReply: (reply: Reply) => void
  readonly resolve: () => void
  readonly reject: (ended: Ended) => void
}

interface Content {
  readonly method: ContentMethod
  properties: BasicProperties | undefined
  size: number
  left: number
  readonly pieces: Buffer[]
}

export class AmqpChannel {
  readonly connection: AmqpConnection
  readonly number: number
  user: ChannelUser = {}
  /** Why it has ended, if it has. */
  ended: Ended | undefined
  readonly #waiting: Waiting[] = []
  #content: Content | undefined
  /** Nothing is sent after channel.close. */
  #isClosing = false

  constructor(connection: AmqpConnection, number: number) {
    this.connection = connection
    this.number = number
  }

  /** Requests that wait for their reply. */
  get waitingCount(): number {
    return this.#waiting.length
  }

  send(method: amqp.AmqpMethod): void {
    if (this.ended === undefined && !this.#isClosing) this.connection.send(this.number, method)
  }

  /**
   * Sends a request that has a reply, which `onReply` gets before anything that the broker sent after it.
   * Resolves after that. Rejects with `Ended`.
   */
  request(method: amqp.AmqpMethod, onReply: (reply: Reply) => void = ignore): Promise<void> {
    if (this.ended !== undefined) return Promise.reject(this.ended)
    return new Promise((resolve, reject) => {
      this.#waiting.push({ onReply, resolve, reject })
      this.send(method)
    })
  }

  publish(method: amqp.BasicPublish, properties: BasicProperties, body: Buffer): void {
    if (this.ended !== undefined || this.#isClosing) return
    this.connection.send(this.number, method)
    this.#sendFrame(amqp.FRAME_HEADER, encodeContentHeader(body.length, properties))
    const sizeMax = this.connection.frameMax - FRAME_OVERHEAD
    for (let at = 0; at < body.length; at += sizeMax) {
      this.#sendFrame(amqp.FRAME_BODY, body.subarray(at, at + sizeMax))
    }
  }

  /** Closes in good order; resolves as well when the channel ends otherwise. */
  async close(): Promise<void> {
    const farewell = { replyCode: 200, replyText: 'bye', classId: 0, methodId: 0 }
    try {
      const closed = this.request({ id: amqp.CHANNEL_CLOSE, ...farewell }, () => {
        this.end(new Ended('closed'))
        this.connection.forget(this)
      })
      this.#isClosing = true
      await closed
    } catch (error) {
      if (!(error instanceof Ended)) throw error
    }
  }

  end(ended: Ended): void {
    if (this.ended !== undefined) return
    this.ended = ended
    for (const { reject } of this.#waiting.splice(0)) reject(ended)
    this.user.onEnded?.(ended)
  }

  /** The payload is the channel's. */
  onFrame(type: number, payload: Buffer): void {
    if (this.ended !== undefined) return
    if (type === amqp.FRAME_METHOD) this.#onMethod(amqp.decodeMethod(payload, 0, payload.length))
    else if (type === amqp.FRAME_HEADER) this.#onHeader(payload)
    else this.#onBody(payload)
  }

  #onMethod(method: amqp.AmqpMethod): void {
    switch (method.id) {
      case amqp.BASIC_DELIVER:
      case amqp.BASIC_GET_OK:
      case amqp.BASIC_RETURN:
        this.#content = { method, properties: undefined, size: 0, left: 0, pieces: [] }
        return
      case amqp.BASIC_ACK:
        this.user.onConfirm?.(method.deliveryTag, method.multiple, true)
        return
      case amqp.BASIC_NACK:
        this.user.onConfirm?.(method.deliveryTag, method.multiple, false)
        return
      case amqp.BASIC_CANCEL:
        this.user.onCancel?.(method.consumerTag)
        return
      case amqp.CHANNEL_CLOSE:
        this.connection.send(this.number, { id: amqp.CHANNEL_CLOSE_OK })
        this.connection.forget(this)
        this.end(new Ended(method.replyText, method.replyCode))
        return
      default:
        this.#reply(method)
    }
  }

  #reply(reply: Reply): void {
    const waiting = this.#waiting.shift()
    if (waiting === undefined) throw new Error(`a reply to nothing: ${JSON.stringify(reply)}`)
    waiting.onReply(reply)
    waiting.resolve()
  }

  #onHeader(payload: Buffer): void {
    const content = this.#content
    if (content === undefined) throw new Error('a content header without a method')
    const { bodySize, properties } = decodeContentHeader(payload, 0, payload.length)
    content.properties = properties
    content.size = bodySize
    content.left = bodySize
    if (bodySize === 0) this.#finish(content)
  }

  #onBody(payload: Buffer): void {
    const content = this.#content
    if (content === undefined || payload.length > content.left) throw new Error('body too long')
    content.pieces.push(payload)
    content.left -= payload.length
    if (content.left === 0) this.#finish(content)
  }

  #finish({ method, properties, pieces }: Content): void {
    this.#content = undefined
    const rest = { properties: properties as BasicProperties, body: Buffer.concat(pieces) }
    if (method.id === amqp.BASIC_DELIVER) this.user.onDelivery?.({ method, ...rest })
    else if (method.id === amqp.BASIC_RETURN) this.user.onReturn?.({ method, ...rest })
    else this.#reply({ method, ...rest })
  }

  #sendFrame(type: number, payload: Buffer): void {
    const frame = Buffer.alloc(payload.length + FRAME_OVERHEAD)
    writeFrameHeader(frame, 0, { type, channel: this.number, size: payload.length })
    payload.copy(frame, FRAME_HEADER_SIZE)
    frame[frame.length - 1] = amqp.FRAME_END
    this.connection.link.send(frame)
  }
}

function ignore(): void {}
