import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { test } from 'node:test'
import { pabal } from '../support/pabal-command.ts'
import { TestBroker } from '../support/start-test-broker.ts'
import { ScratchFolder } from './broker-program.ts'

interface Row {
  readonly check: string
  readonly level: string
  readonly found: string
}

function rowsOf(out: readonly string[]): Map<string, Row> {
  const rows = JSON.parse(out.join('')) as Row[]
  return new Map(rows.map((row) => [row.check, row]))
}

test('doctor looks at a running broker, its machine and its data', async () => {
  await using broker = await TestBroker.start()
  const { code, out } = await pabal(['doctor', '--data', broker.dataFolder, '-o', 'json'])
  const rows = rowsOf(out)
  for (const check of ['node', 'broker', 'version', 'publishers', 'data folder', 'disk space']) {
    assert.equal(rows.get(check)?.level, 'ok', JSON.stringify(rows.get(check)))
  }
  const port = rows.get(`port ${broker.port}`)
  assert.deepEqual([port?.level, port?.found], ['ok', `amqp on localhost:${broker.port}`])
  assert.match(rows.get('queues')?.found ?? '', /^0, none grows/)
  const levels = new Set(Array.from(rows.values(), ({ level }) => level))
  assert.equal(code, levels.has('fail') ? 69 : levels.has('warn') ? 1 : 0)
})

test('doctor says who has a port that a broker would want', async () => {
  await using broker = await TestBroker.start(['--mqtt-port', '0'])
  using folder = new ScratchFolder()
  const environment = {
    PABAL_AMQP_PORT: `${broker.port}`,
    PABAL_MQTT_PORT: `${broker.mqttPort}`,
    PABAL_STOMP_PORT: 'off',
  }
  const data = ['--data', folder.file('data')]
  const { code, out } = await pabal(['doctor', ...data, '-o', 'json'], { environment })
  const rows = rowsOf(out)
  assert.equal(rows.get('broker')?.level, 'warn')
  assert.equal(rows.get('port 61613'), undefined)
  if (process.platform === 'linux') {
    for (const port of [broker.port, broker.mqttPort]) {
      const { level, found } = rows.get(`port ${port}`)!
      assert.deepEqual([level, found], ['fail', `taken by node (${broker.pid})`])
    }
    assert.equal(code, 69)
  }
  assert.deepEqual(readdirSync(folder.path), [])
})
