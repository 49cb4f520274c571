import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { brotliDecompressSync, gunzipSync, brotliCompressSync, gzipSync } from 'node:zlib'
import { statusOf } from '../../test/support/broker-status.ts'
import { createRoutes } from './routes.ts'

const page = '<!doctype html><script type="module" src="/assets/main-1a2b.js"></script>'
const script = 'console.log("the same again, the same again, the same again")'

let folder: string
let routes: ReturnType<typeof createRoutes>
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pabal-ui-'))
  routes = createRoutes({
    source: { status: () => statusOf('ready') },
    uiFolders: [join(folder, 'none'), join(folder, 'ui')],
    hosts: new Set(['localhost']),
  })
})
afterEach(() => rmSync(folder, { recursive: true }))

function build(): void {
  mkdirSync(join(folder, 'ui/assets'), { recursive: true })
  writeFileSync(join(folder, 'ui/index.html'), page)
  writeFileSync(join(folder, 'ui/icon.svg'), '<svg/>')
  writeFileSync(join(folder, 'secret.html'), 'secret')
  const asset = join(folder, 'ui/assets/main-1a2b.js')
  writeFileSync(asset, script)
  writeFileSync(`${asset}.gz`, gzipSync(script))
  writeFileSync(`${asset}.br`, brotliCompressSync(script))
}

const html = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' }

async function get(path: string, headers: Record<string, string> = {}): Promise<Response> {
  // As Node's server has it: nothing has resolved the path.
  const env = { incoming: { url: path, socket: {} } }
  return routes.request(path, { headers: { host: 'localhost', ...headers } }, env)
}

test('where nothing was built, the page says how to', async () => {
  const response = await get('/')
  assert.equal(response.status, 503)
  assert.match(await response.text(), /npm run build:ui/)
  assert.equal((await get('/streams', html)).status, 404)
  build()
  assert.equal(await (await get('/')).text(), page)
})

test('each path without a dot that nothing else has is the page, for browsers', async () => {
  build()
  for (const path of ['/', '/streams', '/stream/messages?vhost=%2F&name=a.b', '/demo']) {
    const response = await get(path, html)
    assert.equal(response.status, 200, path)
    assert.equal(response.headers.get('content-type'), 'text/html; charset=utf-8')
    assert.equal(response.headers.get('cache-control'), 'no-cache')
    assert.equal(await response.text(), page)
  }
  assert.equal((await get('/')).status, 200)
  for (const path of [
    '/api/nothing',
    '/api',
    '/health/none',
    '/metrics/none',
    '/assets/gone',
    '/a.b',
  ]) {
    const response = await get(path, html)
    assert.equal(response.status, 404, path)
    assert.match(response.headers.get('content-type') ?? '', /json/)
    assert.equal(response.headers.get('cache-control'), 'no-store')
  }
  assert.equal((await get('/streams', { accept: 'application/json' })).status, 404)
  assert.equal(
    (await routes.request('/', { method: 'POST', headers: { host: 'localhost', ...html } })).status,
    404,
  )
})

test('files with hashed names are kept for ever, others are asked for again', async () => {
  build()
  const asset = await get('/assets/main-1a2b.js')
  assert.equal(asset.headers.get('cache-control'), 'public, max-age=31536000, immutable')
  assert.equal(asset.headers.get('content-type'), 'text/javascript; charset=utf-8')
  assert.equal(await asset.text(), script)
  const icon = await get('/icon.svg')
  assert.equal(icon.headers.get('cache-control'), 'no-cache')
  const etag = icon.headers.get('etag') ?? ''
  for (const known of [etag, `"x", ${etag}`, etag.slice(2), '*']) {
    const again = await get('/icon.svg', { 'if-none-match': known })
    assert.equal(again.status, 304, known)
    assert.equal(again.headers.get('etag'), etag)
    assert.equal(await again.text(), '')
  }
  assert.equal((await get('/icon.svg', { 'if-none-match': '"other"' })).status, 200)
  const head = await routes.request('/icon.svg', { method: 'HEAD', headers: { host: 'localhost' } })
  assert.deepEqual([head.status, await head.text()], [200, ''])
})

test('what the build compressed is sent to who accepts it', async () => {
  build()
  const ask = async (accepted: string): Promise<[string | null, Buffer]> => {
    const response = await get('/assets/main-1a2b.js', { 'accept-encoding': accepted })
    assert.equal(response.headers.get('vary'), 'Accept-Encoding')
    return [response.headers.get('content-encoding'), Buffer.from(await response.arrayBuffer())]
  }
  const [br, brotli] = await ask('gzip, deflate, br;q=1.0')
  assert.deepEqual([br, brotliDecompressSync(brotli).toString()], ['br', script])
  const [gzip, zipped] = await ask('GZIP, br;q=0')
  assert.deepEqual([gzip, gunzipSync(zipped).toString()], ['gzip', script])
  for (const none of ['', 'identity', 'gzip;q=0, zstd']) {
    assert.deepEqual(await ask(none), [null, Buffer.from(script)])
  }
  assert.equal((await get('/assets/main-1a2b.js.gz')).status, 404)
})

test('no path leads out of the folder', async () => {
  build()
  symlinkSync(join(folder, 'secret.html'), join(folder, 'ui/link.html'))
  for (const path of [
    '/../secret.html',
    '/assets/../../secret.html',
    '/%2e%2e/secret.html',
    '/..%2fsecret.html',
    '/assets/..%5c..%5csecret.html',
    '//etc/passwd.html',
    '/link.html',
    '/assets/main-1a2b.js%00.html',
  ]) {
    assert.equal((await get(path)).status, 404, path)
  }
})

test('the page may load what the broker serves, and nothing else; answers load nothing', async () => {
  build()
  const policyOf = (response: Response): string =>
    response.headers.get('content-security-policy') ?? ''
  const policy = policyOf(await get('/'))
  for (const part of [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "connect-src 'self'",
    "frame-ancestors 'none'",
    "base-uri 'none'",
  ]) {
    assert.ok(policy.split('; ').includes(part), part)
  }
  assert.doesNotMatch(policy, /unsafe/)
  assert.doesNotMatch(policyOf(await get('/api/status')), /self|unsafe/)
  assert.equal((await get('/', { host: 'evil.example' })).status, 421)
})

test('a new build is shown without a restart', async () => {
  build()
  assert.equal(await (await get('/')).text(), page)
  writeFileSync(join(folder, 'ui/index.html'), `${page}<p>new`)
  writeFileSync(join(folder, 'ui/assets/new-1.js'), 'new')
  utimesSync(join(folder, 'ui/index.html'), 1, 1)
  assert.equal(await (await get('/')).text(), `${page}<p>new`)
  assert.equal(await (await get('/assets/new-1.js')).text(), 'new')
})
