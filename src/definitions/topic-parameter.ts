// Where a file keeps what Kafka's clients have set on topics: RabbitMQ has no place for that but global
// parameters, which it takes as they are and gives back.

const prefix = 'pabal-topic '

export function topicParameterName(vhost: string, name: string): string {
  return prefix + JSON.stringify([vhost, name])
}

export function isTopicParameter(name: string): boolean {
  return name.startsWith(prefix)
}
