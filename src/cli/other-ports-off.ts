/** Flags that close the ports which a broker has besides those of AMQP, Kafka and HTTP: nobody here needs them. */
export const otherPortsOff: readonly string[] = [
  'metrics',
  ...['mqtt', 'stomp'].flatMap((name) => [name, `${name}-tls`, `${name}-ws`, `${name}-ws-tls`]),
].flatMap((name) => [`--${name}-port`, 'off'])
