import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ownershipLimits } from '../limits/postgres.ts'
import type { Incarnation } from '../log/cluster/ownership/observation.ts'
import { VirtualClock } from '../testing/virtual-clock.ts'
import { joinPatiently } from './join-patiently.ts'

const node = { name: 'n1', address: '', info: '{}' }
const joined = { node: 1, incarnation: 3 }

function tablesThatFail(errors: Error[]): { join(): Promise<Incarnation> } {
  return {
    join: () => {
      const error = errors.shift()
      return error === undefined ? Promise.resolve(joined) : Promise.reject(error)
    },
  }
}

test('a node that starts in the middle of a failover waits and goes on', async () => {
  const clock = new VirtualClock()
  const cancelled = new Error('canceling wait for synchronous replication due to user request')
  const away = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' })
  const told: string[] = []
  const onTrouble = ({ message }: Error): void => void told.push(message)
  const joining = joinPatiently(tablesThatFail([cancelled, away]), node, { clock, onTrouble })
  for (let tries = 0; tries < 2; tries++) {
    await new Promise(setImmediate)
    clock.advance(ownershipLimits.heartbeatMs)
  }
  assert.deepEqual(await joining, joined)
  assert.deepEqual(told, [cancelled.message, away.message])
})

test('what does not pass by itself ends the start', async () => {
  const clock = new VirtualClock()
  const denied = Object.assign(new Error('permission denied'), { code: '42501', severity: 'ERROR' })
  const onTrouble = (): void => assert.fail('it waits for nothing')
  await assert.rejects(joinPatiently(tablesThatFail([denied]), node, { clock, onTrouble }), denied)
})
