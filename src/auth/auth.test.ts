import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import { emptyTable, FieldTable, type FieldValue } from '../record/message/field-table.ts'
import { seededRandom } from '../testing/seeded-random.ts'
import { hashPassword, matchesPassword } from './password-hash.ts'
import type { Origin } from './principal.ts'
import { type Credentials, parseAmqplain, parsePlain } from './sasl.ts'
import { Users } from './users.ts'

const random = seededRandom(7)

function credentials(user: string, password: string): Credentials {
  return { user, password: Buffer.from(password) }
}

function from(address: string): Origin {
  return { protocol: 'AMQP 0-9-1', address }
}

describe('password hash', () => {
  test("matches RabbitMQ's documented example", () => {
    assert.ok(
      matchesPassword(Buffer.from('test12'), 'kI3GCqW5JLMJa4iX1lo7X4D6XbYqlLgxIs30+P6tENUV2POR'),
    )
    assert.ok(
      !matchesPassword(Buffer.from('test13'), 'kI3GCqW5JLMJa4iX1lo7X4D6XbYqlLgxIs30+P6tENUV2POR'),
    )
  })

  test('matches its own password only, with a salt of its own each time', () => {
    fc.assert(
      fc.property(fc.uint8Array(), fc.uint8Array(), (password, other) => {
        const hash = hashPassword(password, random)
        assert.ok(matchesPassword(password, hash))
        assert.equal(matchesPassword(other, hash), Buffer.compare(password, other) === 0)
      }),
    )
    const password = Buffer.from('p')
    assert.notEqual(hashPassword(password, random), hashPassword(password, random))
  })

  test('a malformed hash matches nothing', () => {
    assert.ok(!matchesPassword(Buffer.from(''), ''))
    assert.ok(!matchesPassword(Buffer.from('x'), 'AAAA'))
  })
})

describe('SASL responses', () => {
  test('parsePlain() reads user and password', () => {
    assert.deepEqual(parsePlain(Buffer.from('\0guest\0gü est')), {
      user: 'guest',
      password: Uint8Array.from(Buffer.from('gü est')),
    })
    assert.equal(parsePlain(Buffer.from('u\0u\0p'))?.user, 'u')
    assert.equal(parsePlain(Buffer.from('\0u\0'))?.password.length, 0)
  })

  test('parsePlain() refuses what is malformed, and acting as another user', () => {
    for (const response of ['', 'guest', '\0guest', 'a\0b\0c', '\0a\0b\0c', '\0a\0b\0']) {
      assert.equal(parsePlain(Buffer.from(response)), undefined, JSON.stringify(response))
    }
  })

  test('parseAmqplain() needs LOGIN and PASSWORD as text', () => {
    const table = (password: FieldValue): FieldTable =>
      FieldTable.from([
        ['LOGIN', { type: 'longstr', value: 'u' }],
        ['PASSWORD', password],
      ])
    const parsed = parseAmqplain(table({ type: 'longstr', value: 'p' }))
    assert.deepEqual(parsed, credentials('u', 'p'))
    assert.equal(parseAmqplain(table({ type: 'long', value: 1 })), undefined)
    assert.equal(parseAmqplain(emptyTable), undefined)
  })
})

describe('Users', () => {
  test('guest may log in from this machine only', () => {
    const users = new Users({ random })
    for (const address of ['127.0.0.1', '127.8.0.9', '::1', '::ffff:127.0.0.1']) {
      assert.equal(
        users.login(credentials('guest', 'guest'), from(address)).principal?.user,
        'guest',
      )
    }
    assert.equal(
      users.login(credentials('guest', 'guest'), from('10.0.0.7')).refusal,
      "user 'guest' can only connect via localhost",
    )
    assert.ok(users.login(credentials('guest', 'wrong'), from('127.0.0.1')).refusal)
    assert.ok(users.login(credentials('nobody', 'guest'), from('127.0.0.1')).refusal)
  })

  test('nobody in particular is guest, from this machine only', () => {
    const users = new Users({ random })
    const anonymous = users.anonymous as Credentials
    assert.equal(users.login(anonymous, from('127.0.0.1')).principal?.user, 'guest')
    assert.ok(users.login(anonymous, from('10.0.0.7')).refusal)
    const own = { name: 'admin', password: 'secret' }
    assert.equal(new Users({ own, random }).anonymous, undefined)
  })

  test('wrong logins of an address wait more and more, right ones never', () => {
    const users = new Users({ own: { name: 'admin', password: 'secret' }, random })
    const waits = Array.from({ length: 30 }, () => {
      const login = users.login(credentials('admin', 'guess'), from('10.0.0.7'))
      assert.ok(users.login(credentials('admin', 'secret'), from('10.0.0.7')).principal)
      return login.principal === undefined ? login.waitMs : -1
    })
    assert.equal(waits[0], 0)
    assert.ok((waits.at(-1) ?? 0) > 5000, String(waits))
  })

  test('who does not log in is guest, where guest exists, and never counts as a wrong login', () => {
    const users = new Users({ random })
    assert.equal(users.anonymousFrom(from('::1'))?.user, 'guest')
    for (let count = 0; count < 100; count++) {
      assert.equal(users.anonymousFrom(from('10.0.0.7')), undefined)
    }
    const login = users.login(credentials('guest', 'guess'), from('10.0.0.7'))
    assert.equal(login.principal === undefined && login.waitMs, 0)
    const own = { name: 'admin', password: 'secret' }
    assert.equal(new Users({ own, random }).anonymousFrom(from('::1')), undefined)
  })

  test('a principal is the user and where the login came from', () => {
    const { principal } = new Users({ random }).login(credentials('guest', 'guest'), {
      protocol: 'Kafka',
      address: '::1',
    })
    const tags = ['administrator']
    assert.deepEqual(principal, { protocol: 'Kafka', address: '::1', user: 'guest', tags })
  })

  test('a configured user may log in from anywhere, and guest does not exist', () => {
    const users = new Users({ own: { name: 'admin', password: 'secret' }, random })
    assert.equal(
      users.login(credentials('admin', 'secret'), from('10.0.0.7')).principal?.user,
      'admin',
    )
    assert.ok(users.login(credentials('admin', 'Secret'), from('10.0.0.7')).refusal)
    assert.ok(users.login(credentials('guest', 'guest'), from('127.0.0.1')).refusal)
  })
})
