// Settings of MQTT: its ports, and what clients of RabbitMQ's plugin and of Mosquitto were configured with, under
// those names. Which port and which certificate belongs to which virtual host is no setting but a global parameter, as
// in RabbitMQ: `mqtt_port_to_vhost_mapping` and `mqtt_default_vhosts`.
import { type Port, flag, oneOf, port, size, text, wholeNumber } from './setting-kinds.ts'
import type { SettingRow } from './setting-row.ts'

export interface MqttSettings {
  readonly mqttPort: Port
  readonly mqttTlsPort: Port
  readonly mqttWsPort: Port
  readonly mqttWsTlsPort: Port
  readonly mqttVhost: string
  readonly mqttIgnoreColonsInUsername: boolean
  readonly mqttExchange: string
  readonly mqttAnonymousUser: string
  readonly mqttTlsCertLogin: boolean
  readonly mqttTlsCertClientIdFrom: 'none' | 'distinguished-name' | 'subject-alternative-name'
  readonly mqttDisconnectOnUnauthorized: boolean
  readonly mqttPrefetch: number
  readonly mqttReceiveMaximum: number
  readonly mqttTopicAliasMaximum: number
  readonly mqttMaxPacketSize: number
  readonly mqttMaxSessionExpiryIntervalSeconds: number
  readonly mqttMaxKeepAlive: number
  readonly mqttQueueQos0Messages: boolean
  readonly mqttSysInterval: number
}

/** The largest number of four bytes: of a session that never expires. */
const uint32Max = 2 ** 32 - 1
const uint16Max = 2 ** 16 - 1

export const mqttSettings: {
  readonly [Key in keyof MqttSettings]: SettingRow<MqttSettings[Key]>
} = {
  mqttPort: {
    kind: port(),
    default: 1883,
    placeholder: 'PORT',
    mayBeTaken: true,
    description:
      'Port of MQTT 3.1, 3.1.1 and 5; 0 or off as above. The broker starts without it where something else has 1883',
  },
  mqttTlsPort: {
    kind: port(),
    default: 8883,
    placeholder: 'PORT',
    mayBeTaken: true,
    description: 'The same over TLS; off without --tls-cert',
    needs: 'tlsCert',
  },
  mqttWsPort: {
    kind: port(),
    default: 15_675,
    placeholder: 'PORT',
    mayBeTaken: true,
    description:
      'Port of MQTT over WebSocket, at /ws, /mqtt and /; the HTTP port has it, too, at /ws and /mqtt',
  },
  mqttWsTlsPort: {
    kind: port(),
    default: 15_676,
    placeholder: 'PORT',
    mayBeTaken: true,
    description: 'The same over TLS; off without --tls-cert',
    needs: 'tlsCert',
  },
  mqttVhost: {
    kind: text(),
    default: '/',
    placeholder: 'NAME',
    description:
      "Virtual host of MQTT clients that name none and whose port and certificate say none (RabbitMQ's mqtt.vhost)",
  },
  mqttIgnoreColonsInUsername: {
    kind: flag(),
    default: false,
    placeholder: 'BOOLEAN',
    description:
      "Whether a colon belongs to an MQTT user's name; otherwise shop:anna is anna in the virtual host shop: true or false (RabbitMQ's mqtt.ignore_colons_in_username)",
  },
  mqttExchange: {
    kind: text(),
    default: 'amq.topic',
    placeholder: 'NAME',
    description:
      "Topic exchange that MQTT messages go to, and that subscriptions are of (RabbitMQ's mqtt.exchange)",
  },
  mqttAnonymousUser: {
    kind: text(),
    default: 'guest',
    placeholder: 'NAME',
    description:
      "User that MQTT clients are who give no name; none refuses them. guest may only come from this machine, and is not there with a --user (RabbitMQ's anonymous_login_user and mqtt.allow_anonymous)",
  },
  mqttTlsCertLogin: {
    kind: flag(),
    default: false,
    placeholder: 'BOOLEAN',
    description:
      "Whether MQTT clients that show a certificate are the user that it names, by --tls-client-name, and give no name and password: true or false (RabbitMQ's mqtt.ssl_cert_login)",
    needs: 'tlsCert',
  },
  mqttTlsCertClientIdFrom: {
    kind: oneOf(['none', 'distinguished-name', 'subject-alternative-name']),
    default: 'none',
    placeholder: 'PART',
    description:
      "What of a client's certificate its MQTT client id has to be: none, distinguished-name or subject-alternative-name (RabbitMQ's mqtt.ssl_cert_client_id_from)",
    needs: 'tlsCert',
  },
  mqttDisconnectOnUnauthorized: {
    kind: flag(),
    default: true,
    placeholder: 'BOOLEAN',
    description:
      "Whether an MQTT client is disconnected that publishes or subscribes without the right to; otherwise it is told with the answer, as far as MQTT can: true or false (RabbitMQ's mqtt.disconnect_on_unauthorized)",
  },
  mqttPrefetch: {
    kind: wholeNumber(1, uint16Max),
    default: 20,
    placeholder: 'COUNT',
    description:
      "Most messages of QoS 1 and 2 that are on their way to an MQTT client at a time; one of MQTT 5 may ask for fewer (RabbitMQ's mqtt.prefetch, there 10, and Mosquitto's max_inflight_messages)",
  },
  mqttReceiveMaximum: {
    kind: wholeNumber(1, uint16Max),
    default: 1000,
    placeholder: 'COUNT',
    description:
      'Most messages of QoS 1 and 2 that a client of MQTT 5 may have on their way to the broker at a time',
  },
  mqttTopicAliasMaximum: {
    kind: wholeNumber(0, uint16Max),
    default: 16,
    placeholder: 'COUNT',
    description:
      "Most topic aliases of a client of MQTT 5, in each direction; 0 for none (RabbitMQ's mqtt.topic_alias_maximum)",
  },
  mqttMaxPacketSize: {
    // What four bytes of remaining length can say, and the bytes in front.
    kind: size(1024, 268_435_460),
    default: 16 * 1024 ** 2,
    placeholder: 'SIZE',
    description:
      "Largest packet of an MQTT client that has logged in, --max-message-size holds besides; before, 64KiB (RabbitMQ's mqtt.max_packet_size_authenticated)",
  },
  mqttMaxSessionExpiryIntervalSeconds: {
    kind: wholeNumber(0, uint32Max),
    default: 86_400,
    placeholder: 'SECONDS',
    description: `How long a session may outlive the connection of its MQTT client, whatever the client asks for; ${uint32Max} for ever (RabbitMQ's mqtt.max_session_expiry_interval_seconds)`,
  },
  mqttMaxKeepAlive: {
    kind: wholeNumber(0, uint16Max),
    default: 0,
    placeholder: 'SECONDS',
    description:
      "Longest keep alive of an MQTT client, also for one that asks for none; 0 for any (Mosquitto's max_keepalive). Those of MQTT 5 are told",
  },
  mqttQueueQos0Messages: {
    kind: flag(),
    default: false,
    placeholder: 'BOOLEAN',
    description:
      "Whether messages of QoS 0 are kept for sessions whose MQTT client is away: true or false (Mosquitto's queue_qos0_messages; RabbitMQ keeps them)",
  },
  mqttSysInterval: {
    kind: wholeNumber(0, uint16Max),
    default: 10,
    placeholder: 'SECONDS',
    description:
      "How often the values below the topic $SYS are published; 0 for never (Mosquitto's sys_interval)",
  },
}
