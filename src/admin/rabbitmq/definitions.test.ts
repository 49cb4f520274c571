// Paths and statuses as RabbitMQ 4.2.9 has them (rabbit_mgmt_wm_definitions.erl), but for the report.
import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'
import { createOwnersRoutes } from '../../../test/support/ask-api.ts'
import { DefinitionsUnderTest } from '../../../test/support/definitions-under-test.ts'
import { manage } from '../../../test/support/managed-broker.ts'
import { definitionsLimits } from '../../limits/definitions.ts'

let under: DefinitionsUnderTest
let routes: ReturnType<typeof createOwnersRoutes>
beforeEach(() => {
  under = new DefinitionsUnderTest()
  const origin = { rabbitVersion: '4.2.0', clusterName: 'c' }
  routes = createOwnersRoutes({ ...manage(under.broker), keeper: under.keeper, origin })
})

async function ask(
  method: string,
  path: string,
  body?: string | Buffer<ArrayBuffer>,
): Promise<[number, string]> {
  const response = await routes.request(path, { method, ...(body !== undefined && { body }) })
  return [response.status, await response.text()]
}

const queues = JSON.stringify({ queues: [{ vhost: '/', name: 'q' }] })

test('definitions go in and out, of all and of a virtual host', async () => {
  const [status, report] = await ask('POST', '/definitions', queues)
  assert.equal(status, 200)
  assert.deepEqual(JSON.parse(report), {
    check: false,
    counts: { queue: { add: 1, change: 0, same: 0, differs: 0, ignored: 0 } },
    rows: [],
    left_out: 0,
  })
  const [found, text] = await ask('GET', '/definitions')
  assert.equal(found, 200)
  assert.equal(text, await under.exportText())
  assert.equal((await ask('POST', '/definitions/%2F', '{"queues":[{"name":"p"}]}'))[0], 200)
  assert.deepEqual(await ask('GET', '/definitions/%2F'), [200, await under.exportText('/')])
})

test('the file of a form is imported, as RabbitMQ does', async () => {
  const form = new FormData()
  form.append('file', new Blob([queues]), 'definitions.json')
  const send = async (path: string, body: FormData): Promise<number> =>
    (await routes.request(path, { method: 'POST', body })).status
  assert.equal(await send('/definitions', form), 200)
  assert.notEqual(under.broker.getVHost('/').findQueue('q'), undefined)
  const text = new FormData()
  text.append('file', '{"queues":[{"name":"p"}]}')
  assert.equal(await send('/definitions/%2F', text), 200)
  assert.notEqual(under.broker.getVHost('/').findQueue('p'), undefined)
  assert.equal(await send('/definitions', new FormData()), 400)
  const headers = { 'content-type': 'multipart/form-data; boundary=x' }
  const broken = await routes.request('/definitions', { method: 'POST', body: queues, headers })
  assert.equal(broken.status, 400)
})

test('a browser can be told to keep definitions as a file', async () => {
  const response = await routes.request('/definitions?download=a.json')
  assert.equal(response.headers.get('content-disposition'), 'attachment; filename=a.json')
  assert.equal((await routes.request('/definitions?download=a%0Ab')).status, 400)
})

test('that a virtual host is protected from deletion goes in and out', async () => {
  const metadata = { description: '', tags: [], protected_from_deletion: true }
  const file = JSON.stringify({ vhosts: [{ name: 'kept', metadata }] })
  assert.equal((await ask('POST', '/definitions', file))[0], 200)
  assert.equal((await ask('DELETE', '/vhosts/kept'))[0], 412)
  const [, text] = await ask('GET', '/definitions')
  const { vhosts } = JSON.parse(text) as { readonly vhosts: readonly { readonly name: string }[] }
  assert.deepEqual(
    vhosts.find(({ name }) => name === 'kept'),
    { name: 'kept', limits: {}, metadata },
  )
})

test('a check changes nothing', async () => {
  const [status, report] = await ask('POST', '/definitions?check=true', queues)
  assert.equal(status, 200)
  assert.equal((JSON.parse(report) as { check: boolean }).check, true)
  assert.equal(under.broker.getVHost('/').findQueue('q'), undefined)
})

test('what cannot be done is said as RabbitMQ says it', async () => {
  const reasonOf = async (...asked: Parameters<typeof ask>): Promise<string> => {
    const [status, text] = await ask(...asked)
    return `${status} ${(JSON.parse(text) as { reason: string }).reason}`
  }
  assert.match(await reasonOf('POST', '/definitions', '{'), /^400 failed_to_parse_json: /)
  assert.match(
    await reasonOf('POST', '/definitions', '{"queues":5}'),
    /^400 queues should be a list/,
  )
  const latin1 = Buffer.from('{"queues":[{"vhost":"/","name":"\xe9"}]}', 'latin1')
  assert.match(
    await reasonOf('POST', '/definitions', latin1),
    /^400 failed_to_parse_json: it is not UTF-8/,
  )
  assert.equal(await reasonOf('PUT', '/users/u', latin1), '400 not_json')
  assert.equal(await reasonOf('GET', '/definitions/no'), '400 vhost_not_found')
  assert.equal(await reasonOf('POST', '/definitions/no', '{}'), '404 vhost_not_found')
  const long = ' '.repeat(definitionsLimits.fileSizeMax)
  const tooLong = '400 Exceeded HTTP request body size limit'
  assert.equal(await reasonOf('POST', '/definitions', long + queues), tooLong)
  assert.equal((await ask('POST', '/definitions', long.slice(queues.length) + queues))[0], 200)
  assert.equal((await ask('PUT', '/definitions', '{}'))[0], 405)
  assert.equal((await ask('DELETE', '/definitions/%2F'))[0], 405)
})
