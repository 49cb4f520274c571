import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createOwnersRoutes } from '../../../test/support/ask-api.ts'
import { openManagedBroker } from '../../../test/support/managed-broker.ts'
import type { ManagementParts } from '../answers.ts'

type BackUp = NonNullable<ManagementParts['backUp']>

function routesWith(backUp: BackUp): ReturnType<typeof createOwnersRoutes> {
  return createOwnersRoutes({ ...openManagedBroker(), backUp })
}

test('a backup is sent as it is read, at the rate that was asked for', async () => {
  const rates: unknown[] = []
  const routes = routesWith(async (rate) => {
    rates.push(rate)
    return (async function* read() {
      yield Buffer.from('one ')
      yield Buffer.from('two')
    })()
  })
  for (const query of ['', '?rate=70000']) {
    const response = await routes.request(`/v1/backup${query}`)
    assert.equal(response.status, 200)
    assert.equal(response.headers.get('content-type'), 'application/x-tar')
    assert.equal(await response.text(), 'one two')
  }
  const head = await routes.request('/v1/backup', { method: 'HEAD' })
  assert.equal(head.status, 200)
  assert.deepEqual(rates, [undefined, 70_000])
})

test('who goes away ends the backup', async () => {
  const isEnded = Promise.withResolvers<void>()
  const routes = routesWith(async () =>
    (async function* read() {
      try {
        for (;;) yield Buffer.alloc(1000)
      } finally {
        isEnded.resolve()
      }
    })(),
  )
  const { body } = await routes.request('/v1/backup')
  const reader = body?.getReader()
  await reader?.read()
  await reader?.cancel()
  await isEnded.promise
})

test('a rate that makes no sense is refused, and so is a second backup', async () => {
  const problem = 'another backup is being taken: wait for its end'
  const routes = routesWith(async () => ({ problem }))
  for (const rate of ['', '1', 'fast', '-70000', '70000.5']) {
    assert.equal((await routes.request(`/v1/backup?rate=${rate}`)).status, 400, rate)
  }
  const response = await routes.request('/v1/backup')
  assert.equal(response.status, 409)
  assert.deepEqual(await response.json(), { error: 'conflict', reason: problem })
  const never = routesWith(async () => ({ problem: 'there is none', isLasting: true }))
  assert.equal((await never.request('/v1/backup')).status, 400)
})
