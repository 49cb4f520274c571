// What people set up over HTTP beside the topology: ACLs, quotas, parameters, pauses, jobs, rules for groups.
import assert from 'node:assert/strict'
import { waitFor } from '../../support/wait-for.ts'
import type { FixtureBroker } from '../fixture-broker.ts'
import { commitOffset, createTopic } from '../kafka-calls.ts'
import { takeBodies, whenReady } from '../section.ts'
import type { Section } from '../section.ts'

/** Fails unless it is done; resolves with the answer. */
async function done(
  { api }: FixtureBroker,
  method: 'GET' | 'PUT' | 'POST',
  path: readonly string[],
  body?: object,
): Promise<unknown> {
  const answer = await api.ask(method, path, body)
  assert.ok(answer.status < 300, `${path.join('/')}: ${JSON.stringify(answer)}`)
  return answer.body
}

const acl = {
  resource_type: 'topic',
  name: 'secret-',
  pattern_type: 'prefixed',
  principal: 'User:somebody',
  host: '*',
  operation: 'read',
  permission: 'deny',
}
const quota = { entity: { user: 'somebody' }, quotas: { producer_byte_rate: 1_000_000 } }
const parameter = { regions: ['eu', 'ü'], nested: { on: true } }

const looks = [
  ['v1', 'acls'],
  ['v1', 'quotas'],
  ['global-parameters', 'regions'],
] as const

export const kafkaAccess: Section = {
  name: 'ACLs, quotas and parameters',

  async fill(broker, facts) {
    await done(broker, 'POST', ['v1', 'acls'], { acls: [acl] })
    await done(broker, 'PUT', ['v1', 'quotas'], quota)
    await done(broker, 'PUT', ['global-parameters', 'regions'], { value: parameter })
    for (const path of looks) facts[path.join('/')] = await done(broker, 'GET', path)
  },

  async check(broker, facts) {
    for (const path of looks) {
      const name = path.join('/')
      assert.partialDeepStrictEqual(await done(broker, 'GET', path), facts[name], name)
    }
  },
}

const resting = [{ vhost: '/', name: 'resting' }]

export const paused: Section = {
  name: 'paused',

  async fill(broker) {
    const { channel } = broker
    await channel.assertQueue('resting')
    channel.sendToQueue('resting', Buffer.from('not yet'), { persistent: true })
    await channel.waitForConfirms()
    await done(broker, 'POST', ['v1', 'streams', 'pause'], { streams: resting })
  },

  async check(broker) {
    const { channel } = broker
    assert.deepEqual(await takeBodies(channel, 'resting'), [])
    await done(broker, 'POST', ['v1', 'streams', 'resume'], { streams: resting })
    assert.deepEqual(await takeBodies(channel, 'resting'), ['not yet'])
  },
}

const bodies = ['one', 'two', 'three']

/** A move that is over, and what it has moved. */
export const jobs: Section = {
  name: 'jobs',

  async fill(broker, facts) {
    const { channel } = broker
    await channel.assertQueue('origin')
    await channel.assertQueue('destination')
    for (const body of bodies) {
      channel.sendToQueue('origin', Buffer.from(body), { persistent: true })
    }
    await channel.waitForConfirms()
    const target = { to: 'queue', name: 'destination' }
    const asked = { kind: 'move', queue: 'origin', target }
    const { id } = (await done(broker, 'POST', ['v1', 'jobs', '/'], asked)) as { id: string }
    facts['id'] = id
    await waitFor('the move', async () => (await stateOf(broker, id)) === 'done')
  },

  async check(broker, facts) {
    const { channel } = broker
    const id = String(facts['id'])
    assert.equal(await stateOf(broker, id), 'done')
    await whenReady(channel, 'destination', bodies.length)
    await done(broker, 'POST', ['v1', 'jobs', '/', id, 'undo'], {})
    await whenReady(channel, 'origin', bodies.length)
    assert.deepEqual(await takeBodies(channel, 'origin'), bodies)
  },
}

async function stateOf(broker: FixtureBroker, id: string): Promise<string> {
  const job = await done(broker, 'GET', ['v1', 'jobs', '/', id])
  return (job as { readonly state: string }).state
}

const rule = { attempts: 3, to: 'set aside' }

export const groupDeadLetters: Section = {
  name: 'dead letters of groups',

  async fill(broker) {
    await broker.channel.assertQueue('set aside')
    await createTopic(broker, 'stuck')
    await commitOffset(broker, { groupId: 'stuck readers', topic: 'stuck', offset: 0 })
    await done(broker, 'PUT', ['v1', 'groups', 'stuck readers', 'dead-letters'], rule)
  },

  async check(broker) {
    const group = await done(broker, 'GET', ['v1', 'groups', 'stuck readers'])
    assert.partialDeepStrictEqual(group, { dead_letters: rule })
  },
}
