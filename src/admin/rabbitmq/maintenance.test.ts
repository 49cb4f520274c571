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
  logins['AMQP 0-9-1'].accepted = 3
  logins['AMQP 0-9-1'].refused = 1
  const attempts = async (): Promise<unknown> => {
    const [, rows] = await ask(`GET /auth/attempts/${nodeName}`)
    // Tools for RabbitMQ cannot read an answer with other protocols.
    assert.deepEqual(
      (rows as readonly { readonly protocol: string }[]).map(({ protocol }) => protocol),
      ['amqp091', 'http'],
    )
    return (rows as readonly unknown[])[0]
  }
  const counts = { auth_attempts: 4, auth_attempts_failed: 1, auth_attempts_succeeded: 3 }
  assert.deepEqual(await attempts(), { protocol: 'amqp091', ...counts })
  assert.deepEqual(await ask(`DELETE /auth/attempts/${nodeName}`), [204, undefined])
  const none = { auth_attempts: 0, auth_attempts_failed: 0, auth_attempts_succeeded: 0 }
  assert.deepEqual(await attempts(), { protocol: 'amqp091', ...none })
})

test('settings are shown as text', async () => {
  const response = await routes.request('/config/effective')
  assert.equal(await response.text(), 'data = "./data"\n')
})
