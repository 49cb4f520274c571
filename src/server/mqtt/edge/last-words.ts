// What a node of a cluster says itself to a client of MQTT: DISCONNECT to one of MQTT 5, and CONNACK to one that has
// not been answered.
import { reasonCode } from '../../../codec/mqtt/reason-code.ts'
import { mqttLimits } from '../../../limits/mqtt.ts'
import type { LastWords, PassedOnEnd } from '../../passed-on-client.ts'
import { goodbye, refusal } from '../last-packet.ts'
import type { ConnectAsked } from './first-packet.ts'
import { MqttPacketTracker } from './packet-tracker.ts'

/** For one client that is passed on. When its owner hangs up, that is its word. */
export function mqttLastWords(asked: ConnectAsked): LastWords {
  const tracker = new MqttPacketTracker()
  return {
    tracker,
    say(end, text) {
      if (end === 'gone') return nothing
      return tracker.hasBegun ? farewell(asked, end, text) : mqttUnavailable(asked, text)
    },
    waitMs: mqttLimits.closeMsMax,
  }
}

/** There is no way to its virtual host now. */
export function mqttUnavailable({ version }: ConnectAsked, text: string): Buffer {
  return refusal({ code: reasonCode.serverUnavailable, text }, version) ?? nothing
}

function farewell(
  { version, packetSizeMax }: ConnectAsked,
  end: Exclude<PassedOnEnd, 'gone'>,
  text: string,
): Buffer {
  if (version === 0) return nothing
  const code = end === 'moved' ? reasonCode.serverMoved : reasonCode.serverShuttingDown
  return goodbye({ code, text }, version, packetSizeMax) ?? nothing
}

const nothing: Buffer = Buffer.alloc(0)
