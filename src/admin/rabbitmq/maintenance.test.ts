import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'
import { askApi, createOwnersRoutes } from '../../../test/support/ask-api.ts'
import { type ManagedBroker, openManagedBroker } from '../../../test/support/managed-broker.ts'
import { waitFor } from '../../../test/support/wait-for.ts'
import { hostNodeName as nodeName } from '../../lib/node-name.ts'

let managed: ManagedBroker
let routes: ReturnType<typeof createOwnersRoutes>
beforeEach(() => {
  managed = openManagedBroker()
  routes = createOwnersRoutes(managed)
})

const ask = (request: string): Promise<[number, unknown]> => askApi(routes, request)

for (const path of ['/reset', `/reset/${nodeName}`]) {
  test(`DELETE ${path} forgets the samples of statistics`, async () => {
    const { statistics } = managed
    using _stop = statistics
    statistics.want()
    await waitFor('there is a sample', () => statistics.totals.length > 0)
    assert.deepEqual(await ask(`DELETE ${path}`), [204, undefined])
    assert.deepEqual(statistics.totals, [])
  })
}

test('logins are counted by protocol until they are reset', async () => {
  const { logins } = managed
  logins.MQTT.refused = 2
  logins.STOMP.accepted = 5
  logins['AMQP 0-9-1'].accepted = 3
  logins['AMQP 0-9-1'].refused = 1
  const attempts = async (): Promise<unknown> => {
    const [, rows] = await ask(`GET /auth/attempts/${nodeName}`)
    // Tools for RabbitMQ cannot read an answer with other protocols.
    assert.deepEqual(
      (rows as readonly { readonly protocol: string }[]).map(({ protocol }) => protocol),
      ['amqp091', 'http', 'mqtt', 'stomp'],
    )
    return rows
  }
  const row = (protocol: string, succeeded: number, failed: number): object => ({
    protocol,
    auth_attempts: succeeded + failed,
    auth_attempts_failed: failed,
    auth_attempts_succeeded: succeeded,
  })
  assert.deepEqual(await attempts(), [
    row('amqp091', 3, 1),
    row('http', 0, 0),
    row('mqtt', 0, 2),
    row('stomp', 5, 0),
  ])
  assert.deepEqual(await ask(`DELETE /auth/attempts/${nodeName}`), [204, undefined])
  assert.deepEqual(
    await attempts(),
    ['amqp091', 'http', 'mqtt', 'stomp'].map((each) => row(each, 0, 0)),
  )
})

test('settings are shown as text', async () => {
  const response = await routes.request('/config/effective')
  assert.equal(await response.text(), 'data = "./data"\n')
})
