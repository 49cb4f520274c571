/** Options of a broker that has no ports but those of AMQP, Kafka and HTTP: tests that run together share the usual ones. */
export const otherPortsOff = {
  metricsPort: 'off',
  mqttPort: 'off',
  mqttTlsPort: 'off',
  mqttWsPort: 'off',
  mqttWsTlsPort: 'off',
  stompPort: 'off',
  stompTlsPort: 'off',
  stompWsPort: 'off',
  stompWsTlsPort: 'off',
} as const
