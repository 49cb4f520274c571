// Answers to what a client has sent, in the order in which it has sent it [MQTT-4.6.0-2] [MQTT-4.6.0-3]: each leaves
// once what it says is durable, and none before those that were asked for earlier.
import { PUBREC } from '../../codec/mqtt/packet-type.ts'
import { noProperties } from '../../codec/mqtt/properties.ts'
import {
  encodePublishAnswer,
  publishAnswerSizeMax,
  writePublishAnswer,
} from '../../codec/mqtt/publish-answer.ts'
import { reasonCode } from '../../codec/mqtt/reason-code.ts'
import { Fifo } from '../../lib/fifo.ts'
import type { Ticket } from '../../log/ticket.ts'
import { codeIn, type Failure } from './mqtt-error.ts'
import type { MqttPeer } from './mqtt-peer.ts'

/** PUBACK, PUBREC or PUBCOMP, or something to be done in its place. */
type Answer = PacketAnswer | ActionAnswer

interface PacketAnswer {
  readonly ticket: Ticket | undefined
  readonly type: number
  readonly packetId: number
  readonly code: number
  /** For people; undefined for none. */
  readonly reason?: string | undefined
}

interface ActionAnswer {
  readonly ticket: Ticket | undefined
  readonly action: () => void
}

export class Answers {
  readonly #peer: MqttPeer
  readonly #waiting = new Fifo<Answer>()
  #watched: Ticket | undefined
  /** Messages of QoS 1 and 2 from the client that it has no last answer to. */
  unfinishedCount = 0

  constructor(peer: MqttPeer) {
    this.#peer = peer
  }

  get size(): number {
    return this.#waiting.size
  }

  /** Writes the answer once `ticket` says so; at once when there is none. */
  // oxlint-disable-next-line max-params -- called per message: an options object would be an allocation
  add(type: number, packetId: number, code: number, ticket: Ticket | undefined): void {
    this.#add({ ticket, type, packetId, code })
  }

  /** Says why something is refused, to clients that want to know. */
  refuse(type: number, packetId: number, { code, text }: Failure): void {
    this.#add({ ticket: undefined, type, packetId, code: codeIn(type, code), reason: text })
  }

  /** Does something in the place of an answer. */
  addAction(ticket: Ticket | undefined, action: () => void): void {
    this.#add({ ticket, action })
  }

  /** Writes what is due, at the end of the turn. */
  write(): void {
    for (;;) {
      const first = this.#waiting.first
      if (first === undefined) return
      if (first.ticket?.isDurable === false) {
        this.#watch(first.ticket)
        return
      }
      this.#waiting.shift()
      this.#do(first)
    }
  }

  #add(answer: Answer): void {
    const { ticket } = answer
    const isDue = ticket === undefined || ticket.isDurable
    if (isDue && this.#waiting.size === 0) {
      // Before what it has brought about.
      this.#do(answer)
      this.#peer.scheduleFlush()
      return
    }
    this.#waiting.push(answer)
    if (!isDue && this.#waiting.size === 1) this.#watch(ticket)
  }

  #do(answer: Answer): void {
    if ('action' in answer) answer.action()
    else this.#write(answer)
  }

  #watch(ticket: Ticket): void {
    if (this.#watched === ticket) return
    this.#watched = ticket
    ticket.whenDurable(() => this.#peer.scheduleAnswers())
  }

  #write(answer: PacketAnswer): void {
    const { output, version, counters } = this.#peer
    const { type, code, packetId, reason } = answer
    if (reason !== undefined && version === 5 && this.#peer.wantsReasons) {
      const properties = { reason }
      this.#peer.send(encodePublishAnswer({ type, packetId, code, properties }, 'server'), () =>
        encodePublishAnswer({ type, packetId, code, properties: noProperties }, 'server'),
      )
    } else {
      const start = output.reserve(publishAnswerSizeMax)
      const end = writePublishAnswer(output.buffer, start, answer, version)
      output.advance(end)
      output.answeredSize += end - start
      this.#peer.context.counts.packetsSent++
    }
    const isLast = type !== PUBREC || code >= reasonCode.unspecifiedError
    if (!isLast) return
    counters.confirmed++
    if (this.unfinishedCount > 0) this.unfinishedCount--
  }
}
