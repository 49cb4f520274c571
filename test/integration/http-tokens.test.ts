// HTTP of a broker that others reach takes a token in place of a password (RFC 6750), as RabbitMQ's management does.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startBroker } from '../../src/start-broker.ts'
import { otherPortsOff } from '../support/other-ports-off.ts'
import { TokenIssuer } from '../support/token-issuer.ts'

test('the status is shown to administrators, by a token as well', async () => {
  await using issuer = await TokenIssuer.start()
  await using broker = await startBroker({
    storage: 'memory',
    host: '0.0.0.0',
    user: 'own',
    password: 'secret',
    ...otherPortsOff,
    amqpPort: 'off',
    kafkaPort: 'off',
    httpPort: 0,
    oauthIssuer: issuer.url,
  })
  const { port } = broker.addresses['http']!
  const ask = (authorization: string): Promise<Response> =>
    fetch(`http://127.0.0.1:${port}/api/status`, { headers: { authorization } })
  const basic = (user: string, password: string): string =>
    `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`
  const administrator = await issuer.sign({ scope: 'rabbitmq.tag:administrator' })
  const other = await issuer.sign({ scope: 'rabbitmq.tag:management rabbitmq.read:*/*' })
  const expired = await issuer.sign({ scope: 'rabbitmq.tag:administrator', exp: 1 })

  const expected: readonly [string, number][] = [
    [`Bearer ${administrator}`, 200],
    [`bearer ${administrator}`, 200],
    [basic('', administrator), 200],
    [basic('own', 'secret'), 200],
    [`Bearer ${other}`, 401],
    [`Bearer ${expired}`, 401],
    ['Bearer secret', 401],
    ['Bearer ?', 401],
    [basic('own', administrator.slice(1)), 401],
  ]
  for (const [authorization, status] of expected) {
    const answer = await ask(authorization)
    assert.equal(answer.status, status, authorization)
    if (status === 401) assert.ok(answer.headers.get('www-authenticate'))
  }
})
