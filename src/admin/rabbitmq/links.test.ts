import assert from 'node:assert/strict'
import { test } from 'node:test'
import { askApi, createOwnersRoutes } from '../../../test/support/ask-api.ts'
import { openManagedBroker } from '../../../test/support/managed-broker.ts'

test('there are no links of federation and no shovels, which monitors ask for', async () => {
  const routes = createOwnersRoutes(openManagedBroker())
  for (const path of ['/federation-links', '/shovels']) {
    assert.deepEqual(await askApi(routes, `GET ${path}`), [200, []])
    assert.deepEqual(await askApi(routes, `GET ${path}/%2F`), [200, []])
    const [status] = await askApi(routes, `GET ${path}/absent`)
    assert.equal(status, 404)
  }
})
