// SCRAM credentials as Kafka's administrators manage them (KIP-554): who has one logs in by it and by nothing else.
import assert from 'node:assert/strict'
import { pbkdf2Sync } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import { Kafka, logLevel } from 'kafkajs'
import { KafkaFixture } from '../../support/kafka-fixture.ts'

const code = {
  none: 0,
  unsupportedMechanism: 33,
  notFound: 91,
  duplicate: 92,
  unacceptable: 93,
} as const
const digests = { 1: ['sha256', 32], 2: ['sha512', 64] } as const

let kafka: KafkaFixture
before(async () => {
  kafka = await KafkaFixture.start()
})
after(() => kafka[Symbol.asyncDispose]())

type Upsertion = Parameters<typeof alter>[1][number]

/** As kafka-configs makes it. */
function upsertion(
  name: string,
  password: string,
  { mechanism = 1, iterations = 8192 }: { mechanism?: 1 | 2; iterations?: number } = {},
): Upsertion {
  const salt = Buffer.from(`salt of ${name}`)
  const [digest, size] = digests[mechanism]
  const saltedPassword = pbkdf2Sync(password, salt, iterations, size, digest)
  return { name, mechanism, iterations, salt, saltedPassword }
}

async function alter(
  deletions: readonly { readonly name: string; readonly mechanism: number }[],
  upsertions: readonly {
    readonly name: string
    readonly mechanism: number
    readonly iterations: number
    readonly salt: Buffer
    readonly saltedPassword: Buffer
  }[],
): Promise<(readonly [user: string, code: number])[]> {
  const asked = { deletions, upsertions }
  const { results } = await kafka.client.call('alterUserScramCredentials', asked)
  return results.map(({ user, errorCode }) => [user, errorCode])
}

async function describeUsers(users: readonly string[] | null): Promise<unknown[]> {
  const named = users?.map((name) => ({ name })) ?? null
  const { results } = await kafka.client.call('describeUserScramCredentials', { users: named })
  return results.map(({ user, errorCode, credentialInfos }) => {
    return [user, errorCode, ...credentialInfos.map((info) => Object.values(info).join(' '))]
  })
}

/** Whether somebody logs in; a user who may do nothing is told so, after the login. */
async function logIn(
  mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512',
  username: string,
  password: string,
): Promise<string> {
  const admin = new Kafka({
    brokers: [`127.0.0.1:${kafka.kafkaPort}`],
    logLevel: logLevel.NOTHING,
    retry: { retries: 0 },
    sasl: { mechanism, username, password } as never,
  }).admin()
  try {
    await admin.connect()
    await admin.listTopics()
    return 'in'
  } catch (error) {
    return (error as Error).message
  } finally {
    await admin.disconnect()
  }
}

describe('SCRAM credentials', () => {
  it('make a user who logs in by them, with any number of iterations', async () => {
    assert.deepEqual(await alter([], [upsertion('new', 'one')]), [['new', code.none]])
    const allowed = { principal: 'User:new', host: '*', operation: 3, permissionType: 3 }
    const pattern = { resourceType: 2, resourceName: 't', resourcePatternType: 3 }
    await kafka.client.call('createAcls', { creations: [{ ...allowed, ...pattern }] })
    assert.equal(await logIn('scram-sha-256', 'new', 'one'), 'in')
    assert.match(await logIn('scram-sha-256', 'new', 'two'), /invalid credentials/)
    assert.match(await logIn('scram-sha-512', 'new', 'one'), /invalid credentials/)
    assert.match(await logIn('plain', 'new', 'one'), /Invalid username or password/)
    assert.deepEqual(await describeUsers(['new']), [['new', code.none, '1 8192']])
  })

  it('are replaced, and one for each mechanism', async () => {
    await alter([], [upsertion('new', 'three', { iterations: 4096 })])
    await alter([], [upsertion('new', 'four', { mechanism: 2, iterations: 16_384 })])
    assert.match(await logIn('scram-sha-256', 'new', 'one'), /invalid credentials/)
    assert.equal(await logIn('scram-sha-256', 'new', 'three'), 'in')
    assert.equal(await logIn('scram-sha-512', 'new', 'four'), 'in')
    assert.deepEqual(await describeUsers(['new']), [['new', code.none, '1 4096', '2 16384']])
  })

  it('are deleted, and the user stays', async () => {
    const deletion = { name: 'new', mechanism: 1 }
    assert.deepEqual(await alter([deletion], []), [['new', code.none]])
    assert.deepEqual(await alter([deletion], []), [['new', code.notFound]])
    assert.match(await logIn('scram-sha-256', 'new', 'three'), /invalid credentials/)
    assert.equal(await logIn('scram-sha-512', 'new', 'four'), 'in')
    await alter([{ name: 'new', mechanism: 2 }], [])
    assert.deepEqual(await describeUsers(['new']), [['new', code.notFound]])
    const all = [['guest', code.none, '1 4096', '2 4096']]
    assert.deepEqual(await describeUsers(null), all)
    // As kafka-configs without a name asks.
    assert.deepEqual(await describeUsers([]), all)
  })

  it('that cannot be are refused in the words of Kafka', async () => {
    const made = upsertion('u', 'p')
    const cases: readonly (readonly [Upsertion, number])[] = [
      [{ ...made, iterations: 4095 }, code.unacceptable],
      [{ ...made, iterations: 16_385 }, code.unacceptable],
      [{ ...made, name: '' }, code.unacceptable],
      [{ ...made, name: 'guest' }, code.unacceptable],
      [{ ...made, name: 'x'.repeat(256) }, code.unacceptable],
      [{ ...made, mechanism: 3 }, code.unsupportedMechanism],
    ]
    for (const [each, expected] of cases) {
      assert.deepEqual(await alter([], [each]), [[each.name, expected]])
    }
    const twice = { ...made, mechanism: 2 }
    assert.deepEqual(await alter([{ name: 'v', mechanism: 1 }], [made, twice]), [
      ['v', code.notFound],
      ['u', code.duplicate],
    ])
    assert.deepEqual(await describeUsers(['a', 'b', 'b']), [
      ['a', code.notFound],
      ['b', code.duplicate],
    ])
  })
})
