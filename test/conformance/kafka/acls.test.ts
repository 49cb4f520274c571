// ACLs as clients of Kafka manage them (KIP-140, KIP-290), and what they do to clients of Kafka and of AMQP. Which
// one each API needs is the table's (acl-table.test.ts).
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, beforeEach, describe, it } from 'node:test'
import { connect } from 'amqplib'
import kafkajs, { type AclEntry, type Admin } from 'kafkajs'
import { zeroUuid } from '../../../src/codec/kafka/field-defaults.ts'
import { KafkaFixture } from '../../support/kafka-fixture.ts'
import type { KafkaRawClient } from '../../support/kafka-raw-client.ts'
import { kafkaPassword, kafkaUser, KafkaWithUsers } from '../../support/kafka-with-users.ts'

const { Kafka, logLevel } = kafkajs
const { AclOperationTypes: Operation, AclPermissionTypes: Permission } = kafkajs
const { AclResourceTypes: Resource, ResourcePatternTypes: Pattern } = kafkajs

const read: AclEntry = {
  resourceType: Resource.TOPIC,
  resourceName: 'orders',
  resourcePatternType: Pattern.LITERAL,
  principal: 'User:app',
  host: '*',
  operation: Operation.READ,
  permissionType: Permission.ALLOW,
}
const anything = {
  resourceType: Resource.ANY,
  resourcePatternType: Pattern.ANY,
  operation: Operation.ANY,
  permissionType: Permission.ANY,
}

function adminOn(port: number): Admin {
  const brokers = [`127.0.0.1:${port}`]
  return new Kafka({ brokers, logLevel: logLevel.NOTHING, retry: { retries: 0 } }).admin()
}

function entry(change: Partial<AclEntry>): AclEntry {
  return { ...read, ...change }
}

async function listed(admin: Admin, filter: object = anything): Promise<string[]> {
  const { resources } = await admin.describeAcls(filter as never)
  return resources
    .flatMap(({ resourceName, resourcePatternType, acls }) =>
      acls.map(({ principal, operation }) => {
        return `${resourceName}${resourcePatternType === Pattern.PREFIXED ? '…' : ''} ${principal} ${operation}`
      }),
    )
    .toSorted()
}

let kafka: KafkaWithUsers
let admin: Admin
before(async () => {
  kafka = await KafkaWithUsers.start()
  for (const name of ['orders', 'orders-eu', 'other']) await kafka.createTopic(name)
  admin = adminOn(kafka.port)
  await admin.connect()
})
after(async () => {
  await admin?.disconnect()
  await kafka?.[Symbol.asyncDispose]()
})
beforeEach(async () => {
  await admin.deleteAcls({ filters: [anything] as never })
  await kafka.grant({})
})

/** Names that Metadata shows of all there are. */
async function topicsSeen(client: KafkaRawClient): Promise<string[]> {
  const { topics } = await client.call('metadata', {
    topics: null,
    allowAutoTopicCreation: false,
    includeClusterAuthorizedOperations: false,
    includeTopicAuthorizedOperations: false,
  })
  return topics.map(({ name }) => name ?? '').toSorted()
}

/** The bits of what a client may do, of one topic and of the cluster. */
async function bitsSeen(client: KafkaRawClient, name: string): Promise<unknown[]> {
  const { topics, clusterAuthorizedOperations } = await client.call(
    'metadata',
    {
      topics: [{ name, topicId: zeroUuid }],
      allowAutoTopicCreation: false,
      includeClusterAuthorizedOperations: true,
      includeTopicAuthorizedOperations: true,
    },
    10,
  )
  return [topics[0]?.topicAuthorizedOperations, clusterAuthorizedOperations]
}

describe('lists of ACLs', () => {
  const prefixed = entry({
    resourceName: 'ord',
    resourcePatternType: Pattern.PREFIXED,
    operation: Operation.WRITE,
  })
  const wildcard = entry({ resourceName: '*', principal: 'User:*', operation: Operation.DESCRIBE })
  beforeEach(() => admin.createAcls({ acl: [read, prefixed, wildcard, read] }))

  it('show what was made, once', async () => {
    assert.deepEqual(await listed(admin), ['* User:* 8', 'orders User:app 3', 'ord… User:app 4'])
  })

  it('are filtered by all that an ACL has', async () => {
    const by = (filter: object): Promise<string[]> => listed(admin, { ...anything, ...filter })
    assert.deepEqual(await by({ principal: 'User:*' }), ['* User:* 8'])
    assert.deepEqual(await by({ operation: Operation.WRITE }), ['ord… User:app 4'])
    assert.deepEqual(await by({ resourceType: Resource.GROUP }), [])
    assert.deepEqual(await by({ permissionType: Permission.DENY }), [])
    assert.deepEqual(await by({ host: '10.0.0.1' }), [])
    assert.deepEqual(await by({ resourceName: 'orders' }), ['orders User:app 3'])
    const prefixes = { resourcePatternType: Pattern.PREFIXED }
    assert.deepEqual(await by(prefixes), ['ord… User:app 4'])
    assert.deepEqual(await by({ ...prefixes, resourceName: 'orders' }), [])
    const matching = { resourcePatternType: Pattern.MATCH }
    assert.equal((await by({ ...matching, resourceName: 'orders' })).length, 3)
    assert.deepEqual(await by({ ...matching, resourceName: 'ordinary' }), [
      '* User:* 8',
      'ord… User:app 4',
    ])
  })

  it('are deleted by filters, which tell what they took', async () => {
    const { filterResponses } = await admin.deleteAcls({
      filters: [
        { ...anything, operation: Operation.READ },
        { ...anything, resourceName: 'none' },
      ] as never,
    })
    assert.deepEqual(
      filterResponses.map(({ matchingAcls }) => matchingAcls.map(({ principal }) => principal)),
      [['User:app'], []],
    )
    assert.deepEqual(await listed(admin), ['* User:* 8', 'ord… User:app 4'])
  })

  it('have nothing that Kafka refuses', async () => {
    const creation = {
      resourceType: 2,
      resourceName: 't',
      resourcePatternType: 3,
      principal: 'User:a',
      host: '*',
      operation: 3,
      permissionType: 3,
    }
    const wrong = [
      { ...creation, resourceType: 1 },
      { ...creation, resourcePatternType: 2 },
      { ...creation, operation: 1 },
      { ...creation, operation: 99 },
      { ...creation, permissionType: 1 },
      { ...creation, resourceName: '' },
      { ...creation, resourceName: 'x'.repeat(2000) },
      { ...creation, principal: 'app' },
      { ...creation, resourceType: 4 },
      creation,
    ]
    const { results } = await kafka.all.call('createAcls', { creations: wrong })
    assert.deepEqual(
      results.map(({ errorCode, errorMessage }) => [errorCode, errorMessage]),
      [
        [42, 'Invalid resourceType ANY'],
        [42, 'Invalid patternType MATCH'],
        [42, 'Invalid operation ANY'],
        [42, 'Invalid operation UNKNOWN'],
        [42, 'Invalid permissionType ANY'],
        [42, 'Invalid empty resource name'],
        [42, 'A name, a principal or a host has more than 1024 bytes'],
        [
          42,
          'Could not parse principal from `app` (no colon is present separating the principal type from the principal name)',
        ],
        [42, 'The only valid name for the CLUSTER resource is kafka-cluster'],
        [0, null],
      ],
    )
  })
})

describe('a client of Kafka', () => {
  it('sees and does what ACLs allow, whatever permissions it has', async () => {
    await admin.createAcls({
      acl: [
        entry({ resourceName: 'orders-', resourcePatternType: Pattern.PREFIXED }),
        entry({ resourceName: 'other', principal: 'User:*', operation: Operation.DESCRIBE }),
        entry({ operation: Operation.READ, permissionType: Permission.DENY }),
      ],
    })
    await using client = await kafka.login()
    assert.deepEqual(await topicsSeen(client), ['orders-eu', 'other'])
    const [readAndDescribe, none] = [(1 << 3) | (1 << 8), 0]
    assert.deepEqual(await bitsSeen(client, 'orders-eu'), [readAndDescribe, none])
    await kafka.grant({ read: '.*' })
    assert.deepEqual(await topicsSeen(client), ['orders', 'orders-eu', 'other'])
    const describes = (1 << 8) | (1 << 10)
    assert.deepEqual(await bitsSeen(client, 'orders'), [describes, none], 'READ is denied')
    assert.deepEqual(await bitsSeen(client, 'other'), [describes | (1 << 3), none])
  })

  it('comes in by an ACL alone, and is gone with it', async () => {
    await kafka.keeper.clearPermission(kafkaUser, '/')
    await assert.rejects(kafka.login(), /refused for user 'app'/)
    await admin.createAcls({ acl: [read] })
    await using client = await kafka.login()
    assert.deepEqual(await topicsSeen(client), ['orders'])
    await admin.deleteAcls({ filters: [anything] as never })
    await assert.rejects(topicsSeen(client))
  })

  it('is told apart by its address', async () => {
    await kafka.grant({ read: '.*' })
    const denied = { operation: Operation.ALL, permissionType: Permission.DENY }
    await admin.createAcls({ acl: [entry({ ...denied, host: '10.0.0.1' })] })
    await using client = await kafka.login()
    assert.equal((await topicsSeen(client)).length, 3)
    await admin.createAcls({ acl: [entry({ ...denied, host: '127.0.0.1' })] })
    assert.deepEqual(await topicsSeen(client), ['orders-eu', 'other'])
  })

  it('is not denied anything while it is an administrator', async () => {
    await admin.createAcls({
      acl: [entry({ operation: Operation.ALL, permissionType: Permission.DENY })],
    })
    await kafka.grant({ read: '.*' })
    await using client = await kafka.login()
    assert.deepEqual(await topicsSeen(client), ['orders-eu', 'other'])
    await kafka.putUser(['administrator'])
    assert.equal((await topicsSeen(client)).length, 3)
    await kafka.putUser()
    assert.deepEqual(await topicsSeen(client), ['orders-eu', 'other'])
  })
})

it('settings of a group send records on only where who sets them may write', async () => {
  await kafka.grant({ configure: '^readers$', write: '^other$' })
  await using client = await kafka.login()
  const set = async (...pairs: readonly [name: string, value: string][]): Promise<number> => {
    const configs = pairs.map(([name, value]) => ({ name, configOperation: 0, value }))
    const resources = [{ resourceType: 32, resourceName: 'readers', configs }]
    const asked = { resources, validateOnly: true }
    const { responses } = await client.call('incrementalAlterConfigs', asked)
    return responses[0]!.errorCode
  }
  const attempts = ['pabal.attempts.max', '3'] as const
  assert.equal(await set([...attempts], ['pabal.dead.letter.name', 'orders']), 29)
  assert.equal(await set([...attempts], ['pabal.dead.letter.name', 'other']), 0)
  assert.equal(await set(['pabal.share.dead.letter.exchange', 'amq.fanout']), 29)
  assert.equal(await set(['pabal.share.dead.letter.exchange', 'other']), 0)
})

describe('a client of AMQP', () => {
  const denied = { permissionType: Permission.DENY }
  const url = (): string => `amqp://${kafkaUser}:${kafkaPassword}@127.0.0.1:${kafka.inProcess.port}`
  const all = { configure: '.*', write: '.*', read: '.*' }

  /** What a refused step says. */
  async function refusalOf(
    step: (
      channel: Awaited<ReturnType<Awaited<ReturnType<typeof connect>>['createConfirmChannel']>>,
    ) => Promise<unknown>,
  ): Promise<string> {
    const connection = await connect(url())
    try {
      const channel = await connection.createConfirmChannel()
      let refusal = ''
      channel.on('error', (error: Error) => (refusal = error.message))
      await step(channel).catch(() => undefined)
      // Whatever was refused closed the channel before it answers this.
      await channel.waitForConfirms().catch(() => undefined)
      return refusal
    } finally {
      await connection.close()
    }
  }

  it('does not write to a topic that it is denied, by whatever exchange', async () => {
    await kafka.grant(all)
    const publish = (exchange: string, key: string): Promise<string> =>
      refusalOf(async (channel) => {
        channel.publish(exchange, key, Buffer.from('m'))
        await channel.waitForConfirms()
      })
    await refusalOf((channel) => channel.bindQueue('orders', 'amq.fanout', ''))
    assert.equal(await publish('', 'orders'), '')
    await admin.createAcls({ acl: [entry({ ...denied, operation: Operation.WRITE })] })
    const refusal = /write access to queue 'orders' in vhost '\/' refused for user 'app'/
    assert.match(await publish('', 'orders'), refusal)
    assert.match(await publish('amq.fanout', ''), refusal)
    assert.equal(await publish('', 'other'), '')
    assert.match(
      await refusalOf((channel) => channel.bindQueue('orders', 'amq.direct', 'k')),
      /write access to queue 'orders'/,
    )
  })

  it('has no messages die to a topic that it is denied, by whatever exchange', async () => {
    await kafka.grant(all)
    await refusalOf((channel) => channel.bindQueue('orders', 'amq.fanout', ''))
    await admin.createAcls({ acl: [entry({ ...denied, operation: Operation.WRITE })] })
    const declare = (exchange: string, key?: string): Promise<string> => {
      const deadLetter = {
        'x-dead-letter-exchange': exchange,
        ...(key !== undefined && { 'x-dead-letter-routing-key': key }),
      }
      return refusalOf((channel) => {
        return channel.assertQueue('dying', { arguments: deadLetter, autoDelete: true })
      })
    }
    const refusal = /write access to queue 'orders' in vhost '\/' refused for user 'app'/
    assert.match(await declare('', 'orders'), refusal)
    assert.match(await declare('amq.fanout'), refusal)
    assert.match(await declare(''), /write access to exchange 'amq.default'/, 'by any key')
    assert.equal(await declare('', 'other'), '')
  })

  it('reads, makes and deletes what ACLs let it', async () => {
    const consume = (): Promise<string> => refusalOf((channel) => channel.checkQueue('orders'))
    const get = (): Promise<string> => refusalOf((channel) => channel.purgeQueue('work'))
    const make = (): Promise<string> => refusalOf((channel) => channel.assertQueue('work'))
    const remove = (): Promise<string> => refusalOf((channel) => channel.deleteQueue('work'))
    const work = { resourceName: 'work' }
    assert.match(await consume(), /access to queue 'orders'/)
    await admin.createAcls({ acl: [entry({ operation: Operation.DESCRIBE })] })
    assert.equal(await consume(), '')
    assert.match(await make(), /configure access to queue 'work'/)
    await admin.createAcls({ acl: [entry({ ...work, operation: Operation.CREATE })] })
    assert.equal(await make(), '')
    assert.match(await get(), /read access to queue 'work'/)
    await admin.createAcls({ acl: [entry(work)] })
    assert.equal(await get(), '')
    assert.match(await remove(), /configure access to queue 'work'/)
    await admin.createAcls({ acl: [entry({ ...work, operation: Operation.DELETE })] })
    assert.equal(await remove(), '')
  })
})

it('ACLs outlive the process', async () => {
  const data = mkdtempSync(join(tmpdir(), 'pabal-acls-'))
  try {
    {
      await using first = await KafkaFixture.start({ storage: 'file', data })
      const own = adminOn(first.kafkaPort)
      await own.connect()
      await own.createAcls({ acl: [read, entry({ resourceName: 'gone' })] })
      await own.deleteAcls({ filters: [{ ...anything, resourceName: 'gone' }] as never })
      await own.disconnect()
    }
    await using second = await KafkaFixture.start({ storage: 'file', data })
    const own = adminOn(second.kafkaPort)
    await own.connect()
    assert.deepEqual(await listed(own), ['orders User:app 3'])
    await own.disconnect()
  } finally {
    rmSync(data, { recursive: true })
  }
})
