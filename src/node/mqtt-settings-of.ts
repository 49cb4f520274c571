import { clientLimits } from '../limits/clients.ts'
import type { MqttSettings } from '../server/mqtt/mqtt-context.ts'
import type { BrokerOptions } from '../settings/settings.ts'

/** Seconds that stand for ever. */
const forEver = 2 ** 32 - 1

export function mqttSettingsOf(options: BrokerOptions): MqttSettings {
  const { mqttAnonymousUser: anonymous, mqttMaxSessionExpiryIntervalSeconds: expiry } = options
  return {
    vhost: options.mqttVhost,
    ignoresColons: options.mqttIgnoreColonsInUsername,
    anonymousUser: anonymous === 'none' ? undefined : anonymous,
    hasCertificateLogin: options.mqttTlsCertLogin,
    certificateName: options.tlsClientName,
    certificateClientId: options.mqttTlsCertClientIdFrom,
    disconnectsUnauthorized: options.mqttDisconnectOnUnauthorized,
    prefetch: options.mqttPrefetch,
    receiveMax: options.mqttReceiveMaximum,
    topicAliasMax: options.mqttTopicAliasMaximum,
    packetSizeMax: options.mqttMaxPacketSize,
    messageSizeMax: options.maxMessageSize,
    sessionExpirySecondsMax: expiry === forEver ? Infinity : expiry,
    keepAliveSecondsMax: options.mqttMaxKeepAlive,
    sysIntervalMs: options.mqttSysInterval * 1000,
    sendTimeoutMs: clientLimits.sendTimeoutMs,
  }
}
