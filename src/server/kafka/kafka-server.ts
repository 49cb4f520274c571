// The Kafka side of the broker: its connections.
import type { Socket } from 'node:net'
import type { Timer } from '../../lib/clock.ts'
import { unmapped } from '../../lib/loopback.ts'
import { TurnShare } from '../../lib/turn-share.ts'
import { kafkaLimits } from '../../limits/kafka.ts'
import type { ByteSource, Incoming } from '../byte-source.ts'
import { peerFactsOf } from '../peer-facts.ts'
import { SendWatch } from '../send-watch.ts'
import { WriteHold } from '../write-hold.ts'
import { AnswerRoom } from './answer-room.ts'
import { ConnectionQuota } from './connection-quota.ts'
import { ConnectionRates } from './connection-rates.ts'
import type { IncomingKafka } from './incoming-kafka.ts'
import { KafkaClientEntry } from './kafka-client-entry.ts'
import { KafkaConnection } from './kafka-connection.ts'
import type { KafkaContext, KafkaListener, KafkaParts } from './kafka-context.ts'
import { LargeRequests } from './large-requests.ts'
import { ownTopics } from './led-topics.ts'
import type { PassedKafka } from './passed-kafka.ts'

export class KafkaServer {
  readonly #context: KafkaContext
  readonly #connections = new Set<KafkaConnection>()
  readonly #idleCheck: Timer
  readonly #quota: ConnectionQuota
  readonly #rates: ConnectionRates
  #sentAway: Timer | undefined
  #allEnded: PromiseWithResolvers<void> | undefined

  constructor(parts: KafkaParts) {
    const sendWatch = new SendWatch({ ...parts, timeoutMs: kafkaLimits.kafkaIdleMsMax })
    const requestShare = new TurnShare(parts.clock, kafkaLimits.kafkaRequestsMs)
    const largeRequests = new LargeRequests(parts.memory.budgets.input)
    const answerRoom = new AnswerRoom(parts.memory)
    const led = parts.led ?? ownTopics(parts)
    this.#context = { ...parts, led, requestShare, sendWatch, largeRequests, answerRoom }
    this.#quota = new ConnectionQuota(parts.broker.ownSettings)
    this.#rates = new ConnectionRates(parts.broker)
    this.#idleCheck = parts.clock.every(kafkaLimits.kafkaIdleCheckMs, () => {
      for (const connection of this.#connections) connection.checkIdle(kafkaLimits.kafkaIdleCheckMs)
    })
  }

  /** Calls `begin` when an accepted socket may be taken over, unless there are too many new ones. */
  admit(accepted: Socket, begin: () => void): void {
    this.#rates.admit(accepted, begin)
  }

  /** What takes over the sockets that `listener` accepts; closes them when memory is nearly used up. */
  acceptOn(listener: KafkaListener): (socket: Socket, source: ByteSource) => void {
    return (socket, source) => {
      const peer = peerFactsOf(socket)
      this.#accept({ socket, source, listener, peer, isPassedOn: false })
    }
  }

  /** Takes over a client that another node passes on, which came to a listener such as `listener` there. */
  adopt({ socket, source }: Incoming, listener: KafkaListener, passed: PassedKafka): void {
    const { peer, certifiedAs, principal } = passed
    this.#accept({ socket, source, listener, peer, certifiedAs, principal, isPassedOn: true })
  }

  #accept(incoming: IncomingKafka): void {
    const { socket, peer } = incoming
    if (!this.#context.broker.admission.mayEnter) {
      socket.destroy()
      return
    }
    const address = unmapped(peer.remoteAddress)
    // The node that it has come to counts and lists it.
    const isListed = incoming.principal === undefined
    const refusal = isListed ? this.#quota.admit(address) : undefined
    if (refusal !== undefined) {
      this.#context.logger.info(`A Kafka connection from ${address} was refused: ${refusal}`)
      socket.destroy()
      return
    }
    const { clients, logger, gate } = this.#context
    const hold = gate && new WriteHold(socket, gate)
    const connection = new KafkaConnection({ ...incoming, hold }, this.#context, (closed) => {
      this.#connections.delete(closed)
      if (isListed) {
        this.#quota.leave(address)
        clients.remove(client)
      }
      if (this.#connections.size === 0) this.#allEnded?.resolve()
    })
    const client = new KafkaClientEntry(connection, { socket, peer, logger }, clients.register())
    this.#connections.add(connection)
    if (isListed) clients.add(client)
  }

  /** Whether some have come here, and not by way of another node. */
  get hasClients(): boolean {
    for (const { isPassedOn } of this.#connections) if (!isPassedOn) return true
    return false
  }

  /**
   * Ends the connections that are there, which come back at once: a cell with some of their partitions is lost. What
   * was asked of it may never be answered, and is not waited for long.
   */
  sendAway(): void {
    const sent = [...this.#connections]
    for (const connection of sent) connection.end()
    this.#sentAway?.stop()
    this.#sentAway = this.#context.clock.after(kafkaLimits.kafkaEndMsMax, () => {
      for (const connection of sent) connection.destroy()
    })
  }

  /**
   * Ends all connections that are there and resolves when they are gone. Requests that were begun are
   * answered, for a while: a producer should not have to ask again what became of its batch. Kafka
   * has no word for the rest: clients find out by themselves and come back.
   */
  async endClients(): Promise<void> {
    this.#rates.close()
    if (this.#connections.size === 0) return
    this.#allEnded ??= Promise.withResolvers()
    const deadline = this.#context.clock.after(kafkaLimits.kafkaEndMsMax, () => {
      for (const connection of this.#connections) connection.destroy()
    })
    for (const connection of this.#connections) connection.end()
    await this.#allEnded.promise
    deadline.stop()
    this.#allEnded = undefined
  }

  async close(): Promise<void> {
    this.#idleCheck.stop()
    this.#sentAway?.stop()
    await this.endClients()
  }
}
