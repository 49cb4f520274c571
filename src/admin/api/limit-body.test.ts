import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Hono } from 'hono'
import { networkLimits } from '../../limits/network.ts'
import { limitBody } from './limit-body.ts'
import type { Operation } from './operation.ts'

const { httpLargeBodiesSizeMax: allMax, httpBodySizeMax: smallMax } = networkLimits
const large = 4_000_000

/** An operation whose requests wait until `end`. */
function waiting(facts: Pick<Operation, 'access'>): {
  ask: (size: number | 'chunked') => Promise<number>
  end: () => void
} {
  const { promise, resolve } = Promise.withResolvers<void>()
  const app = new Hono()
  app.post('/', limitBody({ path: '/v1/x', bodySizeMax: large, ...facts }, { size: 0 }))
  app.post('/', async (context) => {
    await promise
    return context.json({})
  })
  const ask = async (size: number | 'chunked'): Promise<number> => {
    const name = size === 'chunked' ? 'transfer-encoding' : 'content-length'
    const headers = { [name]: `${size}` }
    return (await app.request('/', { method: 'POST', headers })).status
  }
  return { ask, end: resolve }
}

test('large bodies of users have a limit all together, small ones go on', async () => {
  const { ask, end } = waiting({ access: 'login' })
  const answers = Array.from({ length: Math.floor(allMax / large) }, () => ask(large))
  assert.equal(await ask(large), 503)
  assert.equal(await ask('chunked'), 503, 'it may be as large')
  answers.push(ask(smallMax), ask(0))
  assert.equal(await ask(large + 1), 413)
  end()
  assert.deepEqual(new Set(await Promise.all(answers)), new Set([200]))
  assert.equal(await ask(large), 200, 'what has ended counts no more')
})

test('administrators, who move messages, are not counted', async () => {
  const { ask, end } = waiting({ access: 'administrator' })
  const answers = Array.from({ length: Math.ceil(allMax / large) + 1 }, () => ask(large))
  end()
  assert.deepEqual(new Set(await Promise.all(answers)), new Set([200]))
})
