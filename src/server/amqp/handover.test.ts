import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TokenGrant } from '../../auth/oauth/token-grant.ts'
import { table } from '../../record/message/field-table.ts'
import { factsOf, type Handover, handoverOf } from './handover.ts'

const client: Handover = {
  principal: {
    protocol: 'AMQP 0-9-1',
    user: 'müller',
    tags: ['monitoring', 'mine'],
    address: '10.0.0.7',
  },
  mechanism: 'EXTERNAL',
  limits: { frameMax: 131_072, channelMax: 2047, heartbeat: 60 },
  clientProperties: table({ product: 'a client', capabilities: { 'basic.nack': true } }),
  peer: {
    remoteAddress: '::ffff:10.0.0.7',
    transport: {
      peer: { host: '10.0.0.7', port: 40_112 },
      local: { host: '10.0.0.1', port: 5671 },
      isTls: true,
    },
    tls: {
      protocol: 'TLSv1.3',
      cipherSuite: 'TLS_AES_256_GCM_SHA384',
      certificate: {
        subject: 'CN=müller,O=shop',
        issuer: 'CN=authority',
        validFrom: new Date('2026-01-01T00:00:00Z'),
        validTo: new Date('2027-01-01T00:00:00Z'),
      },
    },
    receivedBefore: 512,
    sentBefore: 700,
  },
}

function sent(handover: Handover): object {
  return JSON.parse(JSON.stringify(factsOf(handover))) as object
}

test('another node knows of a client what this one knew', () => {
  const got = handoverOf(sent(client))
  assert.deepEqual({ ...got, clientProperties: 0 }, { ...client, clientProperties: 0 })
  assert.deepEqual(got.clientProperties.entries, client.clientProperties.entries)
  const plain = { ...client, peer: { ...client.peer, tls: undefined } }
  assert.equal(handoverOf(sent(plain)).peer.tls, undefined)
})

test('a token permits there what it permitted here, and as long', () => {
  const token = new TokenGrant(['read:*/orders-*', 'write:{vhost}/orders-*/a.*'], 1_800_000_000_000)
  const got = handoverOf(sent({ ...client, principal: { ...client.principal, token } }))
  assert.equal(got.principal.token?.expiresAt, token.expiresAt)
  const grant = got.principal.token?.grantIn('shop')
  assert.equal(grant?.hasAccess, true)
  assert.equal(grant.patterns.read('orders-1'), true)
  assert.equal(grant.patterns.write('orders-1'), true)
  assert.equal(grant.patterns.configure('orders-1'), false)
  assert.equal(grant.topics.permits('write', 'orders-1', { routingKey: 'a.b' }), true)
})

test('what a later version says besides is ignored', () => {
  assert.equal(handoverOf({ ...sent(client), shoeSize: 43 }).principal.user, 'müller')
})

for (const [name, change] of Object.entries({
  'no limits': { limits: undefined },
  'limits that are none': { limits: { frameMax: -1, channelMax: 1, heartbeat: 0 } },
  'no user': { user: undefined },
  'no properties': { properties: undefined },
  'properties that are no table': { properties: Buffer.from('table').toString('base64') },
  'no address': { address: 7 },
  'no peer': { peer: undefined },
})) {
  test(`a client with ${name} is refused`, () => {
    assert.throws(() => handoverOf({ ...sent(client), ...change }))
  })
}
