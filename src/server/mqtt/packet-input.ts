// What comes of a connection: its bytes become packets, one after the other, as long as it is read. Invariant: what is
// held of a packet that has not come completely is in the account of all clients' memory.
import { PacketReader } from '../../codec/mqtt/packet-reader.ts'
import { clientLimits } from '../../limits/clients.ts'
import { mqttLimits } from '../../limits/mqtt.ts'
import type { Ticket } from '../../log/ticket.ts'
import type { HeldMemory } from '../held-memory.ts'
import type { PeerFacts } from '../peer-facts.ts'
import type { ReadGate } from '../read-gate.ts'
import { warnIfTls } from '../tls-failure.ts'
import type { MqttContext } from './mqtt-context.ts'

/** The connection, as its input sees it. */
interface InputPeer {
  readonly context: MqttContext
  readonly peer: PeerFacts
  readonly held: HeldMemory
  /** Of the last message that has to become durable. */
  readonly lastTicket: Ticket | undefined
  readonly status: string
  /** False: whatever else comes is not looked at. */
  readonly isReading: boolean
  /** The reader is at a packet. What this throws is told to `onError`. */
  onPacket(reader: PacketReader): void
  onError(error: unknown): void
}

export class PacketInput {
  readonly reader: PacketReader = new PacketReader('client', mqttLimits.firstPacketSizeMax)
  readonly #peer: InputPeer
  readonly #gate: ReadGate
  /** Bytes of a packet on its way in that the account knows of. */
  #knownSize = 0
  #isFirstChunk = true

  constructor(peer: InputPeer, gate: ReadGate) {
    this.#peer = peer
    this.#gate = gate
  }

  /** Takes the next bytes, which are good only during the call. */
  take(chunk: Buffer): void {
    const { memory, counts } = this.#peer.context
    memory.onReceived(chunk.length)
    counts.bytesReceived += chunk.length
    if (this.#isFirstChunk) this.#onFirstChunk(chunk)
    this.reader.push(chunk)
    this.read()
    this.reader.keepRest()
  }

  /** Handles what has come in already. */
  read(): void {
    const peer = this.#peer
    let untilLook = 0
    while (!this.#gate.isShut && peer.isReading) {
      if (untilLook-- === 0) {
        untilLook = clientLimits.framesPerLook
        if (this.#gate.yieldIfSpent(peer.context.packetShare)) break
      }
      try {
        if (!this.reader.next()) break
        peer.context.counts.packetsReceived++
        peer.onPacket(this.reader)
      } catch (error) {
        peer.onError(error)
        return
      }
    }
    this.#noteSize()
    const { lastTicket } = peer
    if (peer.context.broker.isAheadOfDisk && lastTicket?.isDurable === false) {
      this.#gate.pauseUntilDurable(lastTicket)
    }
  }

  #onFirstChunk(chunk: Buffer): void {
    this.#isFirstChunk = false
    const { context, peer } = this.#peer
    warnIfTls(chunk, { remoteAddress: peer.remoteAddress, port: 'MQTT' }, context.logger)
  }

  #noteSize(): void {
    const more = this.reader.heldSize - this.#knownSize
    if (more === 0 || this.#peer.status === 'closed') return
    this.#knownSize += more
    this.#peer.held.change('input', more)
  }
}
