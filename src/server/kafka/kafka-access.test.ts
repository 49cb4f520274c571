import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'
import { noRights } from '../../auth/rights.ts'
import { kafkaLimits } from '../../limits/kafka.ts'
import { KafkaAccess } from './kafka-access.ts'

let told: string[]
let access: KafkaAccess
beforeEach(() => {
  told = []
  access = new KafkaAccess((what) => told.push(what))
  access.open(noRights, () => false)
})

test('what a client needs and may not do is told once', () => {
  for (let i = 0; i < 3; i++) {
    assert.equal(access.needsTopic('write', 'orders'), false)
    assert.equal(access.needsTopic('describe', 'orders'), false)
    assert.equal(access.needsGroup('read', 'orders'), false)
    assert.throws(() => access.permitTopic('write', 'orders'), /Topic authorization failed/)
  }
  assert.deepEqual(told, [
    "write access to topic 'orders'",
    "describe access to topic 'orders'",
    "read access to group 'orders'",
  ])
})

test('what it is only not shown is not told, nor what it may do', () => {
  assert.equal(access.mayTopic('describe', 'orders'), false)
  assert.equal(access.mayGroup('describe', 'orders'), false)
  access.open(noRights, () => true)
  assert.equal(access.needsTopic('write', 'orders'), true)
  assert.deepEqual(told, [])
})

test('a client that asks for everything does not fill the log', () => {
  const { refusalsToldMax, refusedNameSizeMax } = kafkaLimits
  for (let i = 0; i < 2 * refusalsToldMax; i++)
    access.needsGroup('read', `${i}`.padEnd(10_000, 'x'))
  assert.equal(told.length, refusalsToldMax)
  for (const line of told) assert.ok(line.length < refusedNameSizeMax + 50)
})
