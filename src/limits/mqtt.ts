// Limits of MQTT: of packets, and of connections that speak it.
import { KiB, MiB } from './units.ts'

export const mqttLimits = {
  /** A client that has not sent its CONNECT by then is hanging, or floods. RabbitMQ's login_timeout. */
  connectMsMax: 10_000,
  /** Largest packet of a client that has not logged in. RabbitMQ's max_packet_size_unauthenticated. */
  firstPacketSizeMax: (64 * KiB) as number,
  /** Bytes of a message of SCRAM: a name of 255 bytes, all of them escaped, and a nonce far longer than any. */
  authenticationDataSizeMax: (2 * KiB) as number,
  /** How long a client may take to show again who it is: small devices salt a password for seconds. */
  reauthenticateMsMax: 30_000,
  /** How long a client has to take the last packet and to close. */
  closeMsMax: 10_000,
  /** The same when the broker stops: it does not wait long for clients that are gone. */
  stopCloseMsMax: 2000,
  /** Topic filters of one SUBSCRIBE or UNSUBSCRIBE, which are handled together: as many as a session may have. */
  filtersPerPacketMax: 10_000,
  /** Bytes of properties in one packet: each user property is two texts and two places of a list. */
  propertiesSizeMax: (256 * KiB) as number,
  /** Largest payload that a packet has room for, besides its topic and properties: other protocols have larger ones. */
  payloadSizeMax: (255 * MiB) as number,
  /** A client is awake for one and a half times its keep alive [MQTT-3.1.2-22]. */
  keepAliveFactor: 1.5,
} as const
