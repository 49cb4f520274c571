// What is said of a request that is not as it has to be.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { askApi, createOwnersRoutes } from '../../../test/support/ask-api.ts'
import { openManagedBroker } from '../../../test/support/managed-broker.ts'

test('a word of a list that is none is no missing part of it', async () => {
  const routes = createOwnersRoutes(openManagedBroker())
  const [status, answer] = await askApi(routes, 'GET /v1/streams?state=growing,grown')
  assert.equal(status, 400)
  assert.match((answer as { reason: string }).reason, /^state: .*"no-consumers"/)
  const [, lacking] = await askApi(routes, 'POST /v1/topic-test', { patterns: [] })
  assert.match((lacking as { reason: string }).reason, /missing,routing_keys/)
})
