// What a message may have as properties (AMQP 0-9-1), by the names that JSON has them by.

const names: readonly string[] = [
  'content_type',
  'content_encoding',
  'headers',
  'delivery_mode',
  'priority',
  'correlation_id',
  'reply_to',
  'expiration',
  'message_id',
  'timestamp',
  'type',
  'user_id',
  'app_id',
  'cluster_id',
]

const others: readonly string[] = ['headers', 'delivery_mode', 'priority', 'timestamp']

/** Whether its value is text, also where that looks like a number. */
export function isTextProperty(name: string): boolean {
  return names.includes(name) && !others.includes(name)
}

/** Why one of `properties` would be lost; undefined when there are all of them. */
export function whyNoProperties(properties: object): string | undefined {
  const unknown = Object.keys(properties).find((name) => !names.includes(name))
  return unknown && `there is no property ${unknown}: there are ${names.join(', ')}`
}
