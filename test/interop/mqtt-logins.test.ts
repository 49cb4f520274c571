// Logins of HiveMQ's Java client by MQTT 5's enhanced authentication, which is SCRAM, also again on the same connection.
// They run where the Java clients of interop.test.ts run.
import assert from 'node:assert/strict'
import { before, it } from 'node:test'
import { startMqttBroker } from '../support/mqtt/mqtt-broker.ts'
import { describeInterop } from './interop-choice.ts'
import { buildJava, type Preparation } from './languages.ts'
import { runClient } from './run-client.ts'

const prepareMsMax = 600_000

describeInterop('Logins of HiveMQ’s client', { language: 'java', own: 'mqtt-logins' }, () => {
  let prepared: Preparation
  before(
    async () => {
      prepared = await buildJava('interop.mqtt.HiveScram')
    },
    { timeout: prepareMsMax },
  )

  it('by SCRAM, and again; with a wrong password it is refused', async () => {
    if ('missing' in prepared) throw new Error(`missing: ${prepared.missing}`)
    await using under = await startMqttBroker()
    const { command, args } = prepared
    const run = await runClient(command, [...args, `127.0.0.1:${under.port}`, 'guest', 'guest'])
    const found = [...run.reports.values()].map(({ step, result, error }) => [
      step,
      result ?? error,
    ])
    const right = { seen: ['challenge', 'connack', 'challenge', 'auth'] }
    const wrong = { seen: ['challenge', 'rejected'], code: 0x87 }
    const expected = [
      ['SCRAM-SHA-256', right],
      ['wrong 256', wrong],
      ['SCRAM-SHA-512', right],
      ['wrong 512', wrong],
    ]
    assert.deepEqual(found, expected, run.ending)
  })
})
