import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import type { HashingAlgorithm } from '../meta/access-rows.ts'
import { emptyTable, FieldTable, type FieldValue } from '../record/message/field-table.ts'
import { seededRandom } from '../testing/seeded-random.ts'
import { AccessControl } from './access-control.ts'
import { type HashedPassword, hashPassword, matchesPassword } from './password-hash.ts'
import type { Origin } from './principal.ts'
import { type Credentials, parseAmqplain, parseOauthBearer, parsePlain } from './sasl.ts'
import { Users, type UsersOptions } from './users.ts'

const random = seededRandom(7)

function credentials(user: string, password: string): Credentials {
  return { user, password: Buffer.from(password) }
}

function sha256(passwordHash: string): HashedPassword {
  return { passwordHash, hashingAlgorithm: 'rabbit_password_hashing_sha256' }
}

const algorithms = fc.constantFrom<HashingAlgorithm>(
  'rabbit_password_hashing_sha256',
  'rabbit_password_hashing_sha512',
)

function newUsers(options: Partial<UsersOptions> = {}): Users {
  return new Users({ random, access: new AccessControl(), ...options })
}

function from(address: string): Origin {
  return { protocol: 'AMQP 0-9-1', address }
}

describe('password hash', () => {
  test("matches RabbitMQ's documented example", () => {
    assert.ok(
      matchesPassword(
        Buffer.from('test12'),
        sha256('kI3GCqW5JLMJa4iX1lo7X4D6XbYqlLgxIs30+P6tENUV2POR'),
      ),
    )
    assert.ok(
      !matchesPassword(
        Buffer.from('test13'),
        sha256('kI3GCqW5JLMJa4iX1lo7X4D6XbYqlLgxIs30+P6tENUV2POR'),
      ),
    )
  })

  test('matches its own password only, with a salt of its own each time', () => {
    fc.assert(
      fc.property(fc.uint8Array(), fc.uint8Array(), algorithms, (password, other, algorithm) => {
        const hash = hashPassword(password, random, algorithm)
        assert.ok(matchesPassword(password, hash))
        assert.equal(matchesPassword(other, hash), Buffer.compare(password, other) === 0)
      }),
    )
    const password = Buffer.from('p')
    assert.notDeepEqual(hashPassword(password, random), hashPassword(password, random))
  })

  test('a malformed hash matches nothing', () => {
    assert.ok(!matchesPassword(Buffer.from(''), sha256('')))
    assert.ok(!matchesPassword(Buffer.from('x'), sha256('AAAA')))
  })
})

describe('SASL responses', () => {
  test('parseOauthBearer() reads the token, and as whom the client wants to act', () => {
    const parse = (text: string): readonly unknown[] => {
      const parsed = parseOauthBearer(Buffer.from(text))
      return [parsed?.actAs, parsed && Buffer.from(parsed.token).toString()]
    }
    // RFC 7628 §3.1, with its own example of other keys.
    const others = 'host=server.example.com\x01port=143\x01'
    assert.deepEqual(parse('n,,\x01auth=Bearer a-_.~+/b==\x01\x01'), ['', 'a-_.~+/b=='])
    assert.deepEqual(parse(`n,a=u=2C=3D,\x01${others}auth=bearer  a\x01\x01`), ['u,=', 'a'])
    assert.deepEqual(parse(`n,a=u,\x01auth=BEARER a\x01${others}\x01`), ['u', 'a'])
  })

  test('parseOauthBearer() refuses what is malformed', () => {
    for (const response of [
      '',
      'n',
      'n,,',
      'n,,\x01\x01',
      'n,,\x01auth=Bearer a',
      'n,,\x01auth=Bearer a\x01',
      'n,,\x01auth=Bearer \x01\x01',
      'n,,\x01auth=Bearer a b\x01\x01',
      'n,,\x01auth=Basic a\x01\x01',
      'n,,\x01auth=Bearer a\x01auth=Bearer b\x01\x01',
      'y,,\x01auth=Bearer a\x01\x01',
      'p=tls-unique,,\x01auth=Bearer a\x01\x01',
      'n,u,\x01auth=Bearer a\x01\x01',
      'n,a=u\x01auth=Bearer a\x01\x01',
      'n,,x\x01auth=Bearer a\x01\x01',
    ]) {
      assert.equal(parseOauthBearer(Buffer.from(response)), undefined, JSON.stringify(response))
    }
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        assert.equal(parseOauthBearer(bytes), undefined)
      }),
    )
  })

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
    const users = newUsers()
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
    const { logins } = users
    assert.deepEqual(
      Object.values(logins).reduce((sum, each) => sum + each.accepted, 0),
      4,
    )
    assert.deepEqual(
      Object.values(logins).reduce((sum, each) => sum + each.refused, 0),
      3,
    )
  })

  test('nobody in particular is guest, from this machine only', () => {
    const users = newUsers()
    const anonymous = users.anonymous as Credentials
    assert.equal(users.login(anonymous, from('127.0.0.1')).principal?.user, 'guest')
    assert.ok(users.login(anonymous, from('10.0.0.7')).refusal)
    const own = { name: 'admin', password: 'secret' }
    assert.equal(newUsers({ own }).anonymous, undefined)
  })

  test('wrong logins of an address wait more and more, right ones never', () => {
    const users = newUsers({ own: { name: 'admin', password: 'secret' } })
    const waits = Array.from({ length: 30 }, () => {
      const login = users.login(credentials('admin', 'guess'), from('10.0.0.7'))
      assert.ok(users.login(credentials('admin', 'secret'), from('10.0.0.7')).principal)
      return login.principal === undefined ? login.waitMs : -1
    })
    assert.equal(waits[0], 0)
    assert.ok((waits.at(-1) ?? 0) > 5000, String(waits))
  })

  test('who does not log in is guest, where guest exists, and never counts as a wrong login', () => {
    const users = newUsers()
    assert.equal(users.anonymousFrom(from('::1'))?.user, 'guest')
    for (let count = 0; count < 100; count++) {
      assert.equal(users.anonymousFrom(from('10.0.0.7')), undefined)
    }
    const login = users.login(credentials('guest', 'guess'), from('10.0.0.7'))
    assert.equal(login.principal === undefined && login.waitMs, 0)
    const own = { name: 'admin', password: 'secret' }
    assert.equal(newUsers({ own }).anonymousFrom(from('::1')), undefined)
  })

  test('a principal is the user and where the login came from', () => {
    const { principal } = newUsers().login(credentials('guest', 'guest'), {
      protocol: 'Kafka',
      address: '::1',
    })
    const tags = ['administrator']
    assert.deepEqual(principal, { protocol: 'Kafka', address: '::1', user: 'guest', tags })
  })

  test('a configured user may log in from anywhere, and guest does not exist', () => {
    const users = newUsers({ own: { name: 'admin', password: 'secret' } })
    assert.equal(
      users.login(credentials('admin', 'secret'), from('10.0.0.7')).principal?.user,
      'admin',
    )
    assert.ok(users.login(credentials('admin', 'Secret'), from('10.0.0.7')).refusal)
    assert.ok(users.login(credentials('guest', 'guest'), from('127.0.0.1')).refusal)
  })

  test('users of the data folder log in beside it, guest only from this machine', () => {
    const access = new AccessControl()
    const users = newUsers({ own: { name: 'admin', password: 'secret' }, access })
    for (const name of ['guest', 'app', 'near', 'admin']) {
      const row = { name, tags: ['monitoring'], ...hashPassword(Buffer.from('pw'), random) }
      access.apply({ kind: 'user', op: 'put', row })
    }
    const login = (name: string, address: string): string[] | string => {
      const { principal, refusal } = users.login(credentials(name, 'pw'), from(address))
      return refusal ?? [...principal.tags]
    }
    assert.deepEqual(login('app', '10.0.0.7'), ['monitoring'])
    assert.deepEqual(login('guest', '127.0.0.1'), ['monitoring'])
    assert.equal(login('guest', '10.0.0.7'), "user 'guest' can only connect via localhost")
    assert.equal(login('admin', '10.0.0.7'), "user 'admin' sent a wrong password")
    const near = newUsers({ own: { name: 'x', password: 'y' }, access, loopbackUsers: ['near'] })
    assert.ok(near.login(credentials('near', 'pw'), from('::1')).principal)
    assert.ok(near.login(credentials('near', 'pw'), from('10.0.0.7')).refusal)
  })

  test('a refusal says when there is no password that could be right', () => {
    const access = new AccessControl()
    const users = newUsers({ own: { name: 'admin', password: 'secret' }, access })
    const hashed = { name: 'moved', tags: [], ...hashPassword(Buffer.from('pw'), random) }
    access.apply({ kind: 'user', op: 'put', row: hashed })
    access.apply({ kind: 'user', op: 'put', row: { ...hashed, name: 'cert', passwordHash: '' } })
    const origin = from('::1')
    assert.equal(
      users.login(credentials('cert', 'pw'), origin).refusal,
      "user 'cert' has no password",
    )
    const byScram = (user: string): string | undefined =>
      users.loginByScram(user, false, origin).refusal
    assert.equal(
      byScram('moved'),
      "user 'moved' has only the hash of a password, which is not enough for SCRAM: see pabal user password",
    )
    assert.equal(byScram('cert'), "user 'cert' has no password")
    assert.equal(byScram('admin'), "user 'admin' sent a wrong password")
    assert.equal(byScram('nobody'), "user 'nobody' does not exist")
  })

  test('a wrong login looks once whether users have changed elsewhere, and a right one does not', async () => {
    const access = new AccessControl()
    let looks = 0
    const lookAgain = (): Promise<void> => {
      looks++
      const row = { name: 'new', tags: [], ...hashPassword(Buffer.from('secret'), random) }
      access.apply({ kind: 'user', op: 'put', row })
      return Promise.resolve()
    }
    const users = newUsers({ access, lookAgain })
    const credentials = { user: 'new', password: Buffer.from('secret') }
    const first = await users.authenticate(credentials, from('192.0.2.1'))
    assert.equal(first.principal?.user, 'new')
    assert.deepEqual([looks, users.logins['AMQP 0-9-1']], [1, { accepted: 1, refused: 0 }])
    const second = users.authenticate(credentials, from('192.0.2.1'))
    assert.ok(!(second instanceof Promise))
    const wrong = { ...credentials, password: Buffer.from('wrong') }
    const refused = await users.authenticate(wrong, from('192.0.2.1'))
    assert.equal(refused.principal, undefined)
    assert.deepEqual([looks, users.logins['AMQP 0-9-1']], [2, { accepted: 2, refused: 1 }])
  })

  test('an empty password is never right', () => {
    const access = new AccessControl()
    const users = newUsers({ access })
    for (const hashed of [hashPassword(Buffer.alloc(0), random), sha256('')]) {
      access.apply({ kind: 'user', op: 'put', row: { name: 'u', tags: [], ...hashed } })
      assert.ok(users.login(credentials('u', ''), from('::1')).refusal)
    }
  })

  test('setOwn() replaces the password of the settings', () => {
    const users = newUsers({ own: { name: 'admin', password: 'old' } })
    users.setOwn({ name: 'admin', password: 'new' })
    assert.ok(users.login(credentials('admin', 'new'), from('10.0.0.7')).principal)
    assert.ok(users.login(credentials('admin', 'old'), from('10.0.0.7')).refusal)
  })
})
