// Names of headers on their way across. A header may by chance have a name that the table gives a
// meaning; such names get a prefix, and lose it on the way back. Each direction is the inverse of
// the other: no two names ever become one.
import {
  kafkaNamePrefix,
  messageNamePrefix,
  reservedKafkaNames,
  reservedMessageNames,
} from './crossing-map.ts'

/** What an AMQP header that is only a header is called in Kafka. */
export function toKafkaName(name: string): string {
  if (reservedMessageNames.has(name) || isMessageEscape(name)) return messageNamePrefix + name
  if (!name.startsWith(kafkaNamePrefix)) return name
  const rest = name.slice(kafkaNamePrefix.length)
  return isKafkaEscape(rest) ? rest : name
}

/** What a Kafka header that is only a header is called in AMQP. */
export function toMessageName(name: string): string {
  if (isKafkaEscape(name)) return kafkaNamePrefix + name
  if (!name.startsWith(messageNamePrefix)) return name
  const rest = name.slice(messageNamePrefix.length)
  return reservedMessageNames.has(rest) || isMessageEscape(rest) ? rest : name
}

/** A reserved Kafka name, or a reserved name of either side behind the prefix for AMQP's headers. */
function isMessageEscape(name: string): boolean {
  const inner = withoutPrefix(name, messageNamePrefix)
  return reservedKafkaNames.has(inner) || (inner !== name && reservedMessageNames.has(inner))
}

/** A reserved AMQP name, with or without the prefix for Kafka's headers. */
function isKafkaEscape(name: string): boolean {
  return reservedMessageNames.has(withoutPrefix(name, kafkaNamePrefix))
}

function withoutPrefix(name: string, prefix: string): string {
  let inner = name
  while (inner.startsWith(prefix)) inner = inner.slice(prefix.length)
  return inner
}
