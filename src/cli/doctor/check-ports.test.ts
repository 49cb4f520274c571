import assert from 'node:assert/strict'
import { test } from 'node:test'
import { completeOptions } from '../../settings/load-config.ts'
import { shownSettings } from '../../settings/shown-settings.ts'
import { checkOpenPorts, checkPorts, portsInConfig, wantedPorts } from './check-ports.ts'
import type { Finding } from './finding.ts'

const plain = [
  'amqp-port',
  'http-port',
  'kafka-port',
  'metrics-port',
  'mqtt-port',
  'mqtt-ws-port',
  'stomp-port',
  'stomp-ws-port',
]
const tls = { tlsCert: 'cert.pem', tlsKey: 'key.pem' }

function namesOf(given: Parameters<typeof completeOptions>[0]): string[] {
  return wantedPorts(completeOptions(given))
    .map(({ setting }) => setting)
    .toSorted()
}

function textOf({ level, check, found, advice = '' }: Finding): string {
  return [level, check, found, advice].join(' | ')
}

test('a broker wants the ports of all protocols, those for TLS with a certificate', () => {
  assert.deepEqual(namesOf({}), plain)
  const secure = plain
    .filter((name) => name !== 'metrics-port')
    .map((name) => name.replace('-port', '-tls-port'))
  assert.deepEqual(namesOf(tls), [...plain, ...secure].toSorted())
})

test('no port is wanted that is off or any, and that for nodes in a cluster only', () => {
  const given = { mqttPort: 'off', stompPort: 0, cluster: 'postgres://db/pabal' } as const
  const others = plain.filter((name) => name !== 'mqtt-port' && name !== 'stomp-port')
  assert.deepEqual(namesOf(given), [...others, 'node-port'].toSorted())
})

test('the settings that a broker tells want the same ports', () => {
  const options = completeOptions({ ...tls, mqttPort: 1884, stompPort: 'off' })
  const config = JSON.parse(JSON.stringify(shownSettings(options, new Map()))) as []
  assert.deepEqual(portsInConfig(config), wantedPorts(options))
})

test('a port that is taken is named with who has it, and keeps a broker from its start', () => {
  const wanted = wantedPorts(completeOptions({ mqttPort: 1884 }))
  const owners = new Map([
    [5672, [{ name: 'beam.smp (7)', host: '0.0.0.0' }]],
    [1884, [{ name: 'mosquitto (8)', host: '::' }]],
  ])
  const [amqp, ...others] = checkPorts(wanted, owners).map(textOf)
  assert.equal(
    amqp,
    'fail | port 5672 | taken by beam.smp (7) | end that, or choose another amqp-port',
  )
  assert.ok(
    others.includes(
      'fail | port 1884 | taken by mosquitto (8) | end that, or choose another mqtt-port',
    ),
    others.join('\n'),
  )
  assert.ok(others.includes('ok | port 15692 | free for metrics-port | '))
})

test('a usual port that is not worth a start is a warning', () => {
  const owners = new Map([[1883, [{ name: 'mosquitto (8)', host: '127.0.0.1' }]]])
  const found = checkPorts(wantedPorts(completeOptions({})), owners).map(textOf)
  const advice = 'the broker starts without mqtt-port: end that, choose another, or set it to off'
  assert.deepEqual(
    found.filter((line) => !line.startsWith('ok')),
    [`warn | port 1883 | taken by mosquitto (8) | ${advice}`],
  )
})

test('who has the port on another address of the machine is in nobody’s way', () => {
  const owners = new Map([[5672, [{ name: 'beam.smp (7)', host: '10.0.0.5' }]]])
  const [amqp] = checkPorts(wantedPorts(completeOptions({})), owners).map(textOf)
  assert.equal(amqp, 'ok | port 5672 | free for amqp-port; beam.smp (7) has it on 10.0.0.5 | ')
})

test('two protocols cannot have one port', () => {
  const wanted = wantedPorts(completeOptions({ mqttPort: 5672 }))
  const [found] = checkPorts(wanted, new Map()).map(textOf)
  assert.equal(
    found,
    'fail | port 5672 | is amqp-port and mqtt-port | choose another for all but one of them',
  )
})

test('a running broker is asked where it listens, and for what it does not', () => {
  const wanted = wantedPorts(completeOptions({})).filter(({ setting }) =>
    ['amqp-port', 'mqtt-port', 'stomp-port'].includes(setting),
  )
  const addresses = {
    amqp: { host: '127.0.0.1', port: 5672, alsoHosts: ['::1'] },
    http: { host: '0.0.0.0', port: 15_672 },
  }
  const owners = new Map([[1883, [{ name: 'mosquitto (8)', host: '::' }]]])
  const rest = (name: string): string =>
    `restart the broker once it is free, choose another ${name}, or set it to off`
  assert.deepEqual(checkOpenPorts({ addresses, wanted, owners }).map(textOf), [
    'ok | port 5672 | amqp on localhost:5672 | ',
    'ok | port 15672 | http on 0.0.0.0:15672 | ',
    `warn | port 1883 | closed for mqtt: taken by mosquitto (8) | ${rest('mqtt-port')}`,
    `warn | port 61613 | closed for stomp: it was taken at the start | ${rest('stomp-port')}`,
  ])
})
