import { clientLimits } from '../limits/clients.ts'
import type { AmqpSettings } from '../server/amqp/amqp-context.ts'
import type { BrokerOptions } from '../settings/settings.ts'

export function amqpSettingsOf(options: BrokerOptions): AmqpSettings {
  return {
    frameMax: options.frameMax,
    channelMax: options.channelMax,
    heartbeatSeconds: options.heartbeat,
    messageSizeMax: options.maxMessageSize,
    isStrict: options.amqpStrict,
    certificateName: options.tlsClientName,
    sendTimeoutMs: clientLimits.sendTimeoutMs,
    productName: options.productName,
    productVersion: options.productVersion,
  }
}
