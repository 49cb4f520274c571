// Burrow, which serves offsets as JSON and judges groups by the topic in which Kafka keeps theirs.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { RunningTool, toolAddress } from './running-tool.ts'
import { kafkaServer, makeTraffic } from './traffic.ts'

const folder = mkdtempSync(join(tmpdir(), 'pabal-burrow-'))
const kafka = `class-name="kafka"\nservers=["${kafkaServer}"]\nclient-profile="p"\n`
const settings = `
[general]
pidfile="${folder}/burrow.pid"
[client-profile.p]
kafka-version="2.8.0"
client-id="burrow"
[cluster.here]
${kafka}topic-refresh=1
offset-refresh=1
groups-reaper-refresh=0
[storage.default]
class-name="inmemory"
[httpserver.default]
address="${toolAddress}"
`

before(() => makeTraffic())
after(() => rmSync(folder, { recursive: true }))

test('topics, work queues and streams, and where they end', async () => {
  writeFileSync(join(folder, 'burrow.toml'), settings)
  const path = '/v3/kafka/here/topic'
  await using tool = await RunningTool.start(['./tool', '--config-dir', folder], `${path}/orders`)
  const { topics } = JSON.parse(await tool.ask(path)) as { readonly topics: readonly string[] }
  assert.deepEqual([...topics].sort(), ['events', 'jobs', 'orders'])
  const orders = JSON.parse(await tool.ask(`${path}/orders`)) as { readonly offsets: unknown }
  assert.deepEqual(orders.offsets, [20, 20])
})

test('groups: it says that it cannot read `__consumer_offsets`, and ends', async () => {
  writeFileSync(join(folder, 'burrow.toml'), `${settings}[consumer.here]\n${kafka}cluster="here"\n`)
  const child = spawn('./tool', ['--config-dir', folder], { stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (output += chunk.toString()))
  await once(child, 'close')
  assert.equal(child.exitCode, 1)
  assert.match(output, /failed to get partition count.*"__consumer_offsets".*invalid topic/)
})
