// Settings of STOMP: its ports, and what RabbitMQ's plugins for it were configured with, under those names.
import { type Port, flag, oneOf, port, size, text, wholeNumber } from './setting-kinds.ts'
import type { SettingRow } from './setting-row.ts'

export interface StompSettings {
  readonly stompPort: Port
  readonly stompTlsPort: Port
  readonly stompWsPort: Port
  readonly stompWsTlsPort: Port
  readonly stompDefaultVhost: string
  readonly stompDefaultUser: string | undefined
  readonly stompImplicitConnect: boolean
  readonly stompTlsCertLogin: boolean
  readonly stompDefaultTopicExchange: string
  readonly stompDefaultNackRequeue: boolean
  readonly stompMaxFrameSize: number
  readonly stompUserQueueExpiresMs: number
  readonly stompWsFrame: 'text' | 'binary'
  readonly stompWsUseHttpAuth: boolean
}

export const stompSettings: {
  readonly [Key in keyof StompSettings]: SettingRow<StompSettings[Key]>
} = {
  stompPort: {
    kind: port(),
    default: 61_613,
    placeholder: 'PORT',
    mayBeTaken: true,
    description:
      'Port of STOMP 1.0, 1.1 and 1.2; 0 or off as above. The broker starts without it where something else has 61613',
  },
  stompTlsPort: {
    kind: port(),
    default: 61_614,
    placeholder: 'PORT',
    mayBeTaken: true,
    description: 'The same over TLS; off without --tls-cert',
    needs: 'tlsCert',
  },
  stompWsPort: {
    kind: port(),
    default: 15_674,
    placeholder: 'PORT',
    mayBeTaken: true,
    description: 'Port of STOMP over WebSocket, at /ws; the HTTP port has it there, too',
  },
  stompWsTlsPort: {
    kind: port(),
    default: 15_673,
    placeholder: 'PORT',
    mayBeTaken: true,
    description: 'The same over TLS; off without --tls-cert',
    needs: 'tlsCert',
  },
  stompDefaultVhost: {
    kind: text(),
    default: '/',
    placeholder: 'NAME',
    description:
      "Virtual host of STOMP clients that name none in host (RabbitMQ's stomp.default_vhost)",
  },
  stompDefaultUser: {
    kind: text(),
    default: undefined,
    placeholder: 'NAME',
    description:
      "User that STOMP clients are who give no login; left out, they are guest while there is no --user, and refused otherwise. guest may only come from this machine (RabbitMQ's stomp.default_user)",
  },
  stompImplicitConnect: {
    kind: flag(),
    default: false,
    placeholder: 'BOOLEAN',
    description:
      "Whether STOMP clients may begin without CONNECT, as --stomp-default-user or by their certificate: true or false (RabbitMQ's stomp.implicit_connect)",
  },
  stompTlsCertLogin: {
    kind: flag(),
    default: false,
    placeholder: 'BOOLEAN',
    description:
      "Whether STOMP clients that show a certificate and give no login are the user that it names, by --tls-client-name: true or false (RabbitMQ's stomp.ssl_cert_login)",
    needs: 'tlsCert',
  },
  stompDefaultTopicExchange: {
    kind: text(),
    default: 'amq.topic',
    placeholder: 'NAME',
    description:
      "Exchange behind the destinations /topic/… (RabbitMQ's stomp.default_topic_exchange)",
  },
  stompDefaultNackRequeue: {
    kind: flag(),
    default: true,
    placeholder: 'BOOLEAN',
    description:
      "Whether a NACK without the header requeue puts the message back; otherwise it is dead-lettered: true or false (RabbitMQ's stomp.default_nack_requeue)",
  },
  stompMaxFrameSize: {
    kind: size(1024, 512 * 1024 ** 2),
    default: 4 * 1024 ** 2,
    placeholder: 'SIZE',
    description:
      "Largest frame of a STOMP client that has logged in, --max-message-size holds besides (RabbitMQ's stomp.max_frame_size)",
  },
  stompUserQueueExpiresMs: {
    kind: wholeNumber(0, 2 ** 31 - 1),
    default: 3_600_000,
    placeholder: 'MILLISECONDS',
    description:
      "How long queues such as /queue/x-user1f3a… stay that STOMP clients declare and nobody uses any more: Spring's relay makes some for each session of its own and leaves them. An hour outlasts its reconnect, and a session never comes back; 0: for ever, as in RabbitMQ",
  },
  stompWsFrame: {
    kind: oneOf(['text', 'binary']),
    default: 'text',
    placeholder: 'KIND',
    description:
      "Which frames of WebSocket carry STOMP to clients, text or binary; what is not UTF-8 is binary in any case (RabbitMQ's web_stomp.ws_frame)",
  },
  stompWsUseHttpAuth: {
    kind: flag(),
    default: false,
    placeholder: 'BOOLEAN',
    description:
      "Whether STOMP clients over WebSocket log in with the header Authorization (Basic) of their request, in place of login and passcode: true or false (RabbitMQ's web_stomp.use_http_auth)",
  },
}
