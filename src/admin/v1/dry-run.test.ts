// A request that only shows what would be done is none that changed something.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { askApi, createOwnersRoutes } from '../../../test/support/ask-api.ts'
import { openManagedBroker } from '../../../test/support/managed-broker.ts'

test('dry runs are not in the audit log', async () => {
  const routes = createOwnersRoutes(openManagedBroker())
  const later = { type: 'x-delayed-message', arguments: { 'x-delayed-type': 'fanout' } }
  await askApi(routes, 'PUT /exchanges/%2F/later', later)
  const fire = 'POST /v1/delayed-messages/%2F/later/fire'
  assert.equal((await askApi(routes, fire, { dry_run: true }))[0], 200)
  assert.equal(
    (await askApi(routes, 'POST /v1/streams/purge', { streams: [], dry_run: true }))[0],
    200,
  )
  assert.equal((await askApi(routes, fire, { dry_run: false }))[0], 200)
  const [, told] = await askApi(routes, 'GET /v1/audit')
  const text = JSON.stringify(told)
  assert.equal(text.match(/\/fire/g)?.length, 1, text)
  assert.doesNotMatch(text, /purge/)
})
