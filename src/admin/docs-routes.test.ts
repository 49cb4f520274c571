import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { statusOf } from '../../test/support/broker-status.ts'
import { createRoutes } from './routes.ts'

let folder: string
let routes: ReturnType<typeof createRoutes>
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pabal-docs-'))
  routes = createRoutes({
    source: { status: () => statusOf('ready') },
    uiFolders: [],
    docsFolders: [join(folder, 'docs')],
    hosts: new Set(['localhost']),
  })
})
afterEach(() => rmSync(folder, { recursive: true }))

function build(): void {
  mkdirSync(join(folder, 'docs/decisions'), { recursive: true })
  writeFileSync(join(folder, 'docs/index.html'), 'front')
  writeFileSync(join(folder, 'docs/decisions/0001.html'), 'why')
  writeFileSync(join(folder, 'docs/docs.js'), '1')
}

async function get(path: string): Promise<Response> {
  const env = { incoming: { url: path, socket: {} } }
  return routes.request(path, { headers: { host: 'localhost' } }, env)
}

test('the documentation is served below /docs/, with the policy of the UI', async () => {
  build()
  for (const path of ['/docs', '/docs/']) {
    const moved = await get(path)
    assert.deepEqual([moved.status, moved.headers.get('location')], [302, '/docs/index.html'])
  }
  const front = await get('/docs/index.html')
  assert.equal(await front.text(), 'front')
  assert.match(front.headers.get('content-security-policy') ?? '', /script-src 'self'/)
  assert.equal(await (await get('/docs/decisions/0001.html')).text(), 'why')
  assert.match((await get('/docs/docs.js')).headers.get('content-type') ?? '', /javascript/)
  for (const path of ['/docs/none.html', '/docs/none', '/docs/../secret']) {
    assert.equal((await get(path)).status, 404, path)
  }
})

test('where it was not built, it says how to', async () => {
  const response = await get('/docs/index.html')
  assert.equal(response.status, 503)
  assert.match(await response.text(), /npm run build:docs/)
})
