// The cookie of a session that every node knows says when it was used last, and so is renewed with answers.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Hono } from 'hono'
import { AccessControl } from '../auth/access-control.ts'
import { ownHashing } from '../auth/password-hash.ts'
import { systemRandom } from '../lib/random.ts'
import { adminLimits } from '../limits/admin.ts'
import { VirtualClock } from '../testing/virtual-clock.ts'
import type { ApiVariables } from './api/api.ts'
import { sessionCookie } from './api/sessions.ts'
import { SignedSessions } from './api/signed-sessions.ts'
import { findCaller } from './callers.ts'

const hashing = { passwordHash: 'h', hashingAlgorithm: ownHashing } as const
const principal = { protocol: 'HTTP', address: '::1', user: 'u', tags: [] } as const

test('an answer renews the cookie of a session, whoever has made it', async () => {
  const access = new AccessControl()
  access.apply({ kind: 'user', op: 'put', row: { name: 'u', tags: [], ...hashing } })
  const clock = new VirtualClock()
  const ends = { has: () => false, end: () => Promise.resolve() }
  const parts = { secret: Buffer.from('s'), access, clock, random: systemRandom, ends }
  const sessions = new SignedSessions(parts)
  const app = new Hono<ApiVariables>()
  app.use(findCaller({ access, sessions }))
  app.get('/own', (context) => context.json({ user: context.get('caller').principal.user }))
  // Headers of what `fetch` has got cannot be changed.
  app.get('/passed', async () => fetch('data:text/plain,answer'))
  const token = sessions.begin(principal)
  const ask = async (path: string): Promise<string | null> => {
    const headers = { cookie: `${sessionCookie}=${token}` }
    const answer = await app.request(path, { headers })
    assert.equal(answer.status, 200)
    return answer.headers.get('set-cookie')
  }
  assert.equal(await ask('/own'), null)
  clock.advance(adminLimits.sessionRenewMs)
  for (const path of ['/own', '/passed']) {
    const [, renewed = ''] =
      /^pabal_session=([^;]+); Path=\/; HttpOnly; SameSite=Strict$/.exec((await ask(path)) ?? '') ??
      []
    assert.equal(sessions.endsAt(renewed), clock.now() + adminLimits.sessionIdleMsMax, path)
  }
})
