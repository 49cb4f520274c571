import type { Broker } from '../../broker/broker.ts'
// Which virtual host a client of MQTT comes to, in RabbitMQ's order (rabbit_mqtt_processor.erl): by its certificate, by
// the port that it came to, by its user name, and else the one that is set.
import { findGlobalParameter } from '../../broker/global-parameters.ts'
import type { MqttSettings } from './mqtt-context.ts'

export interface VHostAsked {
  /** As the client gave it; undefined for none. */
  readonly username: string | undefined
  /** The user that its certificate names, where that logs it in. */
  readonly certificateUser: string | undefined
  readonly port: number
}

export interface FoundVHost {
  readonly vhost: string
  /** The user's name without the virtual host. */
  readonly username: string | undefined
}

/** Global parameters, whose names and values users of RabbitMQ have. */
const ofCertificates = 'mqtt_default_vhosts'
const ofPorts = 'mqtt_port_to_vhost_mapping'

export function findVHost(
  broker: Broker,
  settings: Pick<MqttSettings, 'vhost' | 'ignoresColons'>,
  { username, certificateUser, port }: VHostAsked,
): FoundVHost {
  const byCertificate =
    certificateUser === undefined ? undefined : mapped(broker, ofCertificates, certificateUser)
  const named = settings.ignoresColons ? undefined : splitName(username)
  const byPort = (): string | undefined => mapped(broker, ofPorts, String(port))
  if (byCertificate !== undefined) return { vhost: byCertificate, username }
  if (certificateUser === undefined && named !== undefined) return named
  const vhost = byPort()
  if (vhost !== undefined) return { vhost, username }
  return named ?? { vhost: settings.vhost, username }
}

/** `shop:anna` is anna of the virtual host shop; a virtual host may have colons in its name. */
function splitName(username: string | undefined): FoundVHost | undefined {
  const colon = username?.lastIndexOf(':') ?? -1
  if (username === undefined || colon < 0) return undefined
  return { vhost: username.slice(0, colon), username: username.slice(colon + 1) }
}

/** What a global parameter, which is an object, has for a key. */
function mapped(broker: Broker, parameter: string, key: string): string | undefined {
  const mapping = findGlobalParameter(broker, parameter)
  if (typeof mapping !== 'object' || mapping === null || !Object.hasOwn(mapping, key)) {
    return undefined
  }
  const value: unknown = (mapping as Record<string, unknown>)[key]
  return typeof value === 'string' ? value : undefined
}
