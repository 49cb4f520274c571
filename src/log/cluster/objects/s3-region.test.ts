// Which region requests are signed for: the store is a server that only looks at their signatures.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { systemClock } from '../../../lib/clock.ts'
import { systemRandom } from '../../../lib/random.ts'
import { parseObjectAddress } from './object-address.ts'
import { openS3Objects } from './s3-objects.ts'

test('the region is the address’s, then what Amazon’s tools would take, then one for stores without', async () => {
  const scopes: string[] = []
  const server = createServer((request, response) => {
    scopes.push(request.headers.authorization?.split('/')[2] ?? '')
    response.statusCode = 403
    response.end()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const before = process.env['AWS_REGION']
  const ask = async (query: string): Promise<void> => {
    const objects = await openS3Objects({
      address: parseObjectAddress(`s3://bucket?endpoint=${endpoint}${query}`),
      clock: systemClock,
      random: systemRandom,
      credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
    })
    await assert.rejects(objects.getRange('key', 0, 1, { patienceMs: 0 }))
    objects.close()
  }
  try {
    delete process.env['AWS_REGION']
    process.env['AWS_CONFIG_FILE'] = '/nonexistent'
    await ask('')
    process.env['AWS_REGION'] = 'eu-north-1'
    await ask('')
    await ask('&region=eu-west-1')
  } finally {
    if (before === undefined) delete process.env['AWS_REGION']
    else process.env['AWS_REGION'] = before
    delete process.env['AWS_CONFIG_FILE']
    server.closeAllConnections()
    server.close()
  }
  assert.deepEqual(scopes, ['us-east-1', 'eu-north-1', 'eu-west-1'])
})
