// A broker that clients of MQTT reach, in this process.
import { type RunningBroker, startBroker } from '../../../src/start-broker.ts'
import { otherPortsOff } from '../other-ports-off.ts'

export interface MqttBroker extends AsyncDisposable {
  readonly broker: RunningBroker
  readonly port: number
}

export async function startMqttBroker(
  options: Parameters<typeof startBroker>[0] = {},
): Promise<MqttBroker> {
  const off = { amqpPort: 'off', httpPort: 'off', kafkaPort: 'off' } as const
  const broker = await startBroker({
    storage: 'memory',
    ...otherPortsOff,
    ...off,
    mqttPort: 0,
    ...options,
  })
  return {
    broker,
    port: broker.addresses['mqtt']?.port ?? 0,
    [Symbol.asyncDispose]: () => broker.close(),
  }
}
