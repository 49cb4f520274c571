import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Operation, Rights, type TopicOperation } from '../rights.ts'
import { TokenGrant } from './token-grant.ts'

function rightsOf(scopes: readonly string[], vhost: string): Rights {
  const grant = new TokenGrant(scopes, 0)
  return new Rights({ user: 'app', vhost }, grant.grantIn(vhost))
}

const operations: readonly Operation[] = ['configure', 'write', 'read']
const vhosts = ['/', 'foo', '*', 'foo/bar', 'юникод']
const names = ['foo', 'foo/bar', '*', '*/*', 'юникод']

// The cases of RabbitMQ's scope_SUITE.
describe('a scope', () => {
  for (const granted of operations) {
    for (const scope of [`${granted}:*/*`, `${granted}:*/*/*`]) {
      it(`permits its own operation: ${scope}`, () => {
        for (const [vhost, name] of vhosts.flatMap((each) => names.map((name) => [each, name]))) {
          const rights = rightsOf([scope], vhost!)
          assert.ok(rights.hasAccess)
          const permitted = operations.filter((operation) => rights.may(operation, name!))
          assert.deepEqual(permitted, [granted], `${vhost} ${name}`)
        }
      })
    }
  }

  it('is for the virtual hosts that its pattern fits, encoded ones as well', () => {
    assert.ok(rightsOf(['read:foo/*'], 'foo').may('read', 'q'))
    assert.ok(!rightsOf(['read:foo/*'], 'bar').hasAccess)
    assert.ok(!rightsOf(['read:foo/*'], 'bar').may('read', 'q'))
    assert.ok(rightsOf(['read:foo%2Fbar%2F%2A%2F/*'], 'foo/bar/*/').may('read', 'q'))
    assert.ok(rightsOf(['read:%2F/*'], '/').may('read', 'q'))
    assert.ok(!rightsOf(['read:%2F/*'], 'foo').hasAccess)
  })

  it('is for the names that its pattern fits', () => {
    const rights = rightsOf(['write:*/bar%2A%2Fbaz'], 'foo')
    assert.ok(rights.may('write', 'bar*/baz'))
    for (const name of names) assert.ok(!rights.may('write', name), name)
  })

  it('names the default exchange amq.default', () => {
    assert.ok(rightsOf(['write:*/amq.default'], '/').may('write', ''))
    assert.ok(!rightsOf(['write:*/amq.def'], '/').may('write', ''))
  })

  it('says nothing when it has another form', () => {
    const strange = ['read', 'read:', 'read:*', 'read:*/*/*/*', 'Read:*/*', 'tag:administrator', '']
    for (const scope of strange) assert.ok(!rightsOf([scope], '/').hasAccess, scope)
  })

  it('puts the virtual host in the place of {vhost}, as text that stands for itself', () => {
    assert.ok(rightsOf(['read:{vhost}/q'], '/').may('read', 'q'))
    assert.ok(rightsOf(['read:*/{vhost}-q'], '*').may('read', '*-q'))
    assert.ok(!rightsOf(['read:*/{vhost}-q'], '*').may('read', 'a-q'))
  })
})

describe('a routing key of a topic exchange', () => {
  const cases: readonly [scope: string, exchange: string, key: string, isPermitted: boolean][] = [
    ['read:*/*/*', 'x', 'rout', true],
    ['read:vhost/*/*', 'x', 'rout', true],
    ['read:other/*/*', 'x', 'rout', false],
    ['read:*/exchange/*', 'exchange', 'rout', true],
    ['read:*/exchange/*', 'x', 'rout', false],
    ['read:*/*/rout', 'x', 'rout', true],
    ['read:*/*/rout', 'x', 'norout', false],
    ['read:*/*/*rout', 'x', 'norout', true],
    ['read:*/*/a.%2A.c', 'x', 'a.*.c', true],
    ['read:*/*/a.%2A.c', 'x', 'a.b.c', false],
    ['write:*/*/*', 'x', 'rout', false],
    // As RabbitMQ: what says nothing of routing keys permits none.
    ['read:*/*', 'x', 'rout', false],
  ]
  for (const [scope, exchange, key, isPermitted] of cases) {
    it(`'${key}' of '${exchange}' is ${isPermitted ? '' : 'not '}permitted by ${scope}`, () => {
      const rights = rightsOf([scope], 'vhost')
      assert.ok(rights.restrictsTopics(exchange))
      const ask = (operation: TopicOperation): boolean => rights.mayTopic(operation, exchange, key)
      assert.equal(ask('read'), isPermitted)
      // A second time what was asked is known.
      assert.equal(ask('read'), isPermitted)
    })
  }
})

describe('a token whose scopes permit everything', () => {
  it('leaves nothing to ask', () => {
    const all = ['configure:*/*', 'write:*/*/*', 'read:*/*/*']
    assert.ok(rightsOf(all, '/').isUnrestricted)
    for (const left of all) {
      assert.ok(
        !rightsOf(
          all.filter((scope) => scope !== left),
          '/',
        ).isUnrestricted,
        left,
      )
    }
    assert.ok(!rightsOf(['configure:*/*', 'write:*/*', 'read:*/*'], '/').isUnrestricted)
  })
})
