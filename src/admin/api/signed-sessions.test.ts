import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AccessControl } from '../../auth/access-control.ts'
import { ownHashing } from '../../auth/password-hash.ts'
import { EndedSessions } from '../../cluster/ended-sessions.ts'
import { systemRandom } from '../../lib/random.ts'
import { adminLimits } from '../../limits/admin.ts'
import type { SharedChange } from '../../log/cluster/postgres/shared-statements.ts'
import { VirtualClock } from '../../testing/virtual-clock.ts'
import { SignedSessions } from './signed-sessions.ts'

const { sessionIdleMsMax, sessionMsMax, sessionRenewMs, sessionsPerUserMax } = adminLimits
const principal = { protocol: 'HTTP', address: '::1', user: 'u', tags: [] } as const
const row = {
  name: 'u',
  tags: ['monitoring'],
  passwordHash: 'h',
  hashingAlgorithm: ownHashing,
} as const
const durable = { isDurable: true, whenDurable: (then: () => void) => then() }

/** Nodes of a cluster, which have the same users and the same rows. */
class Nodes {
  readonly access: AccessControl = new AccessControl()
  readonly clock: VirtualClock = new VirtualClock()
  readonly written: SharedChange[] = []
  readonly #ended = new EndedSessions(this.clock, (changes) => {
    this.written.push(...changes)
    return durable
  })

  constructor() {
    this.access.apply({ kind: 'user', op: 'put', row })
  }

  open(secret = 'secret'): SignedSessions {
    const ends = {
      has: (session: Parameters<EndedSessions['has']>[0]) => this.#ended.has(session),
      end: async (session: Parameters<EndedSessions['has']>[0]) => void this.#ended.end(session),
    }
    const { access, clock } = this
    const random = systemRandom
    return new SignedSessions({ secret: Buffer.from(secret), access, clock, random, ends })
  }
}

test('a session is good at all nodes, with the tags of now, until it is ended at one', async () => {
  const nodes = new Nodes()
  const [first, second] = [nodes.open(), nodes.open()]
  const token = first.begin(principal)
  const other = second.begin(principal)
  assert.deepEqual(second.find(token), { ...principal, tags: ['monitoring'] })
  await second.end(token)
  for (const node of [first, second]) {
    assert.deepEqual([node.find(token), node.has(token)], [undefined, false])
    assert.equal(node.has(other), true)
  }
})

test('what this cluster has not signed is no session', () => {
  const nodes = new Nodes()
  const node = nodes.open()
  const token = node.begin(principal)
  assert.equal(nodes.open('other').find(token), undefined)
  const [text = '', signature = ''] = token.split('.')
  const said = JSON.parse(Buffer.from(text, 'base64url').toString()) as object
  const changed = Buffer.from(JSON.stringify({ ...said, user: 'admin' })).toString('base64url')
  for (const forged of ['', '.', text, `${changed}.${signature}`, `${text}.`, `${token}x`]) {
    assert.equal(node.find(forged), undefined, forged)
  }
})

test('another password ends the sessions of the one before, and so does the end of the user', () => {
  const nodes = new Nodes()
  const node = nodes.open()
  const token = node.begin(principal)
  nodes.access.apply({ kind: 'user', op: 'put', row: { ...row, passwordHash: 'other' } })
  assert.equal(node.find(token), undefined)
  const next = node.begin(principal)
  assert.equal(node.has(next), true)
  nodes.access.apply({ kind: 'user', op: 'delete', name: 'u' })
  assert.equal(node.find(next), undefined)
})

test('a session ends when it is not used for hours, and after a day', () => {
  const nodes = new Nodes()
  const [node, other] = [nodes.open(), nodes.open()]
  const idle = node.begin(principal)
  assert.equal(node.endsAt(idle), nodes.clock.now() + sessionIdleMsMax)
  assert.equal(node.renew(idle), undefined, 'it says well enough when it was used')
  nodes.clock.advance(sessionIdleMsMax + 1)
  assert.equal(node.find(idle), undefined)
  const end = nodes.clock.now() + sessionMsMax
  let used = node.begin(principal)
  while (end - nodes.clock.now() > sessionRenewMs) {
    nodes.clock.advance(sessionRenewMs)
    used = other.renew(used) ?? assert.fail('it is not renewed')
  }
  assert.equal(node.endsAt(used), end)
  nodes.clock.advance(sessionRenewMs + 1)
  assert.deepEqual(
    [node.find(used), node.renew(used), node.endsAt(used)],
    [undefined, undefined, undefined],
  )
})

test('a renewed session is the same one: its end ends all its tokens', async () => {
  const nodes = new Nodes()
  const node = nodes.open()
  const token = node.begin(principal)
  nodes.clock.advance(sessionRenewMs)
  const renewed = node.renew(token)!
  await node.end(token)
  assert.deepEqual([node.has(token), node.has(renewed)], [false, false])
})

test('rows of ended sessions are few, and go when the sessions would be over', async () => {
  const nodes = new Nodes()
  const node = nodes.open()
  const tokens = Array.from({ length: sessionsPerUserMax + 2 }, () => node.begin(principal))
  const last = tokens.pop()!
  for (const token of tokens) await node.end(token)
  // Who ends more has all that had begun logged out.
  assert.deepEqual(
    [...tokens, last].filter((token) => node.has(token)),
    [],
  )
  const rows = new Set<string>()
  const replay = (): number => {
    for (const { op, kind, key } of nodes.written.splice(0)) {
      if (op === 'put') rows.add(`${kind} ${key}`)
      else rows.delete(`${kind} ${key}`)
    }
    return rows.size
  }
  assert.equal(replay(), 1)
  nodes.clock.advance(1)
  const later = node.begin(principal)
  assert.equal(node.has(later), true)
  nodes.clock.advance(sessionMsMax)
  await node.end(node.begin(principal))
  assert.equal(replay(), 1, 'only that of the last one')
})
