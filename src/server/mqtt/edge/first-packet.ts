// What a CONNECT says that decides who serves a client. One that makes no sense is for whoever serves the usual virtual
// host, who tells the client so.
import { readConnect } from '../../../codec/mqtt/connect.ts'
import { PacketReader } from '../../../codec/mqtt/packet-reader.ts'
import { CONNECT, type MqttVersion } from '../../../codec/mqtt/packet-type.ts'
import { mqttLimits } from '../../../limits/mqtt.ts'
import type { FirstReader } from '../../arriving-client.ts'
import { nameGivenIn } from '../login.ts'

export interface ConnectAsked {
  /** 0 as long as nobody knows it. */
  readonly version: MqttVersion | 0
  /** Whom it names, perhaps with a virtual host. */
  readonly username: string | undefined
  /** Largest packet that the client takes. */
  readonly packetSizeMax: number
}

export const unclearConnect: ConnectAsked = {
  version: 0,
  username: undefined,
  packetSizeMax: Infinity,
}

export class FirstPacketReader implements FirstReader<ConnectAsked> {
  readonly #reader = new PacketReader('client', mqttLimits.firstPacketSizeMax)

  read(bytes: Buffer): ConnectAsked | undefined {
    const reader = this.#reader
    try {
      reader.push(bytes)
      if (!reader.next()) {
        reader.keepRest()
        return undefined
      }
      return this.#close(reader.type === CONNECT ? this.#ofConnect() : unclearConnect)
    } catch {
      return this.#close({ ...unclearConnect, version: reader.version })
    }
  }

  #ofConnect(): ConnectAsked {
    const connect = readConnect(this.#reader)
    const { version, properties } = connect
    const packetSizeMax = properties.packetSizeMax ?? Infinity
    return { version, username: nameGivenIn(connect), packetSizeMax }
  }

  #close(asked: ConnectAsked): ConnectAsked {
    this.#reader.close()
    return asked
  }
}
