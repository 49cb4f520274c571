// `pabal status` and `pabal cluster` of a node, against a server that answers as one does.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { type Outcome, pabal } from '../../test/support/pabal-command.ts'
import { exitCodes } from '../lib/exit-codes.ts'

const answers: Record<string, unknown> = {
  '/api/status': {
    state: 'ready',
    version: '0.1.0',
    uptimeMs: 1000,
    addresses: {},
    memory: { residentBytes: 0, inUseBytes: 0, watermarkBytes: 0 },
    clients: { MQTT: 1 },
    counts: { queues: 0 },
    messages: { published: 0 },
  },
  '/api/v1/home': {
    findings: [{ severity: 'look', text: 'Something' }],
    counts: { queues: 12, topics: 3, consumers: 1, ready: 5, unacked: 2 },
  },
  '/api/v1/cluster': {
    is_cluster: true,
    node: 'n1',
    nodes: [
      { name: 'n1', state: 'alive', cells: [3] },
      { name: 'n2', state: 'gone', cells: [] },
    ],
    cells: [
      { cell: 3, owner: 'n1', epoch: 2, state: 'served' },
      { cell: 4, owner: 'n2', epoch: 1, state: 'served' },
    ],
  },
  '/api/v1/jobs': [],
}

/** Lists that are not whole. */
const missing: Record<string, string> = { '/api/v1/jobs': 'cell 0, node n2' }

let server: Server
before(async () => {
  server = createServer(({ url = '' }, response) => {
    const found = answers[url]
    if (url in missing) response.setHeader('x-pabal-missing', missing[url]!)
    response.statusCode = found === undefined ? 503 : 200
    response.end(JSON.stringify(found ?? { reason: 'nobody answers' }))
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
})
after(() => {
  server.closeAllConnections()
  server.close()
})

function run(line: string): Promise<Outcome> {
  const { port } = server.address() as AddressInfo
  return pabal(line.split(' '), { environment: { PABAL_URL: `http://127.0.0.1:${port}` } })
}

test('the status of a node says what is in the cluster, and calls its own counts so', async () => {
  const { out } = await run('status')
  const text = out.join('\n')
  assert.match(text, /^queues here +0$/m)
  assert.match(text, /^MQTT connections here +1$/m)
  assert.match(text, /^cells +3 \(epoch 2\)$/m)
  assert.match(text, /^nodes +n1 alive, n2 gone$/m)
  assert.match(text, /^queues in the cluster +12\ntopics in the cluster +3\n/m)
  assert.match(text, /^messages ready in the cluster +5$/m)
  assert.equal(out.at(-1), 'look  Something')
})

test('the status of a node whose cluster nobody answers for says so', async () => {
  const home = answers['/api/v1/home']
  delete answers['/api/v1/home']
  try {
    const { out, code } = await run('status')
    assert.match(out.at(-1) ?? '', /^bad +Nobody answers what is wrong in the cluster/)
    assert.equal(code, exitCodes.ok)
  } finally {
    answers['/api/v1/home'] = home
  }
})

test('a node or cell that is not there is said to be not there, and where they are', async () => {
  for (const line of ['drain n9 --yes', 'forget n9 --yes', 'reopen 99']) {
    const { code, talk } = await run(`cluster ${line}`)
    assert.equal(code, exitCodes.noInput)
    assert.match(talk.join(), /there is no (?:node 'n9'|cell '99'); see pabal cluster status$/)
  }
})

test('who has tried a cluster is told how its nodes are asked', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'pabal-status-'))
  try {
    const before = await pabal(['status', '--data', folder])
    assert.doesNotMatch(before.talk.join(), /cluster dev/)
    const node = path.join(folder, 'cluster-dev', 'n1', 'data')
    mkdirSync(node, { recursive: true })
    const { talk, code } = await pabal(['status', '--data', folder])
    assert.equal(code, exitCodes.unavailable)
    assert.ok(talk.join().endsWith(`A node of pabal cluster dev is asked with --data ${node}`))
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('what did not answer of a cluster is told with a list, and with what was not found in it', async () => {
  const told =
    'This is not all: cell 0 and node n2 did not answer; try again, or see pabal cluster status'
  const list = await run('job list')
  assert.deepEqual([list.code, list.talk], [exitCodes.ok, ['There are no jobs', told]])
  const json = await run('job list -o json')
  assert.deepEqual([json.out, json.talk], [['[]'], [told]])
  const one = await run('job show 93140b3004f2')
  assert.equal(one.code, exitCodes.noInput)
  assert.deepEqual(one.talk, [told, "there is no job '93140b3004f2'; see pabal job list"])
})
