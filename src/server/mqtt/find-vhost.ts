// Which virtual host a client of MQTT comes to, in RabbitMQ's order (rabbit_mqtt_processor.erl): by its certificate, by
// the port that it came to, by its user name, and else the one that is set. At a node of a cluster that is found before
// the client is passed on, and is what it has found for whoever gets the client.
import type { Socket } from 'node:net'
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

/** Finds a global parameter, whose names and values users of RabbitMQ have. */
export type FindParameter = (name: string) => unknown

const ofCertificates = 'mqtt_default_vhosts'
const ofPorts = 'mqtt_port_to_vhost_mapping'

export function findVHost(
  parameter: FindParameter,
  settings: Pick<MqttSettings, 'vhost' | 'ignoresColons'>,
  { username, certificateUser, port }: VHostAsked,
): FoundVHost {
  const byCertificate =
    certificateUser === undefined ? undefined : mapped(parameter(ofCertificates), certificateUser)
  const named = settings.ignoresColons ? undefined : splitName(username)
  if (byCertificate !== undefined) return { vhost: byCertificate, username }
  if (certificateUser === undefined && named !== undefined) return named
  const vhost = mapped(parameter(ofPorts), String(port))
  if (vhost !== undefined) return { vhost, username }
  return named ?? { vhost: settings.vhost, username }
}

const found = new WeakMap<Socket, FoundVHost>()

/** Somebody else has looked already. */
export function noteFoundVHost(socket: Socket, where: FoundVHost): void {
  found.set(socket, where)
}

export function foundVHostOf(socket: Socket): FoundVHost | undefined {
  return found.get(socket)
}

/** `shop:anna` is anna of the virtual host shop; a virtual host may have colons in its name. */
function splitName(username: string | undefined): FoundVHost | undefined {
  const colon = username?.lastIndexOf(':') ?? -1
  if (username === undefined || colon < 0) return undefined
  return { vhost: username.slice(0, colon), username: username.slice(colon + 1) }
}

/** What a mapping, which is an object, has for a key. */
function mapped(mapping: unknown, key: string): string | undefined {
  if (typeof mapping !== 'object' || mapping === null || !Object.hasOwn(mapping, key)) {
    return undefined
  }
  const value: unknown = (mapping as Record<string, unknown>)[key]
  return typeof value === 'string' ? value : undefined
}
