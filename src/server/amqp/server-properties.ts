import { version } from '../../lib/version.ts'
import { table, type FieldTable } from '../../record/message/field-table.ts'
import type { AmqpSettings } from './amqp-context.ts'

/** The capabilities RabbitMQ announces; clients switch features on by them. */
const capabilities = {
  publisher_confirms: true,
  exchange_exchange_bindings: true,
  'basic.nack': true,
  consumer_cancel_notify: true,
  'connection.blocked': true,
  consumer_priorities: true,
  authentication_failure_close: true,
  per_consumer_qos: true,
  direct_reply_to: true,
}

/** What connection.start says of the server. Product and version are RabbitMQ's unless configured. */
export function serverProperties(settings: AmqpSettings, clusterName: string): FieldTable {
  return table({
    capabilities,
    cluster_name: clusterName,
    copyright: 'Pabal contributors',
    information: `Pabal ${version}, one log for queues and streams`,
    platform: `Pabal ${version}`,
    product: settings.productName,
    version: settings.productVersion,
  })
}
