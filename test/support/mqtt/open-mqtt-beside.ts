// A port of MQTT on a broker whose parts are in a test's reach.
import { Sessions } from '../../../src/broker/session/sessions.ts'
import { systemClock } from '../../../src/lib/clock.ts'
import { silentLogger } from '../../../src/lib/logger.ts'
import { systemRandom } from '../../../src/lib/random.ts'
import { mqttSettingsOf } from '../../../src/node/mqtt-settings-of.ts'
import { takingOver } from '../../../src/server/byte-source.ts'
import { openListener } from '../../../src/server/listener.ts'
import type { MqttSettings } from '../../../src/server/mqtt/mqtt-context.ts'
import { MqttServer } from '../../../src/server/mqtt/mqtt-server.ts'
import { completeOptions } from '../../../src/settings/load-config.ts'
import type { BrokerInProcess } from '../broker-in-process.ts'

export interface MqttBeside extends AsyncDisposable {
  readonly port: number
  readonly server: MqttServer
  readonly sessions: Sessions
}

export async function openMqttBeside(
  { broker, clients, inputBudget, memory, users, bugs }: BrokerInProcess,
  settings: Partial<MqttSettings> = {},
): Promise<MqttBeside> {
  const sessions = new Sessions(broker, { exchange: 'amq.topic', keepsQos0: false })
  const server = new MqttServer({
    broker,
    sessions,
    users,
    clients,
    turn: broker.turn,
    clock: systemClock,
    random: systemRandom,
    memory,
    inputBudget,
    logger: {
      ...silentLogger,
      error: (...[first]) => {
        bugs.push((first as { err?: Error }).err ?? new Error('an error without one'))
      },
    },
    settings: { ...mqttSettingsOf(completeOptions({})), ...settings },
  })
  const listener = await openListener({
    service: 'mqtt',
    host: '127.0.0.1',
    port: 0,
    onSocket: takingOver(server.accept),
    onAcceptProblem: () => undefined,
  })
  return {
    port: listener.address.port,
    server,
    sessions,
    async [Symbol.asyncDispose]() {
      listener.close()
      await server.close()
      sessions[Symbol.dispose]()
    },
  }
}
