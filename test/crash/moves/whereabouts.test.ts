import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'
import { type Death, type Sighting, Whereabouts } from './whereabouts.ts'

const way = ['moved.work', 'moved.work.dead']
const [source, target] = way as [string, string]
const rejection: Death = { queue: source, reason: 'rejected', count: 1 }
const inSource: Sighting = { id: 'm', queue: source, deaths: [] }
const inTarget: Sighting = { id: 'm', queue: target, deaths: [rejection] }

let violations: string[]
let messages: Whereabouts

beforeEach(() => {
  violations = []
  messages = new Whereabouts((_queue, _id, text) => violations.push(text))
  messages.sent('m', way, false)
})

test('a message that was confirmed may not be lost, and one that was not may be', () => {
  messages.sent('unconfirmed', way, false)
  messages.confirmed('m')
  assert.deepEqual(messages.expected, ['m'])
  messages.judgeRecovery([])
  assert.deepEqual(violations, ['is lost although it was confirmed'])
})

test('a message may not be in two queues, nor twice in one', () => {
  messages.rejected('m', source)
  messages.judgeRecovery([inSource, inTarget])
  messages.judgeRecovery([inTarget, inTarget])
  assert.deepEqual(violations, [`is there, and in ${source} too`, `is there, and in ${target} too`])
})

test('a move may be undone by a crash unless it was seen before what is known to be on disk', () => {
  messages.rejected('m', source)
  messages.received(inTarget)
  messages.judgeRecovery([inSource])
  assert.deepEqual(violations, [])
  messages.rejected('m', source)
  const onDisk = messages.received(inTarget)
  onDisk()
  messages.judgeRecovery([inSource])
  assert.deepEqual(violations, [`is back although its move to ${target} was on disk`])
})

test('an ack may be undone by a crash unless it is known to be on disk', () => {
  messages.acked('m')
  messages.judgeRecovery([inSource])
  assert.deepEqual(violations, [])
  messages.acked('m')()
  messages.judgeRecovery([inSource])
  assert.deepEqual(violations, ['is back although its ack was on disk'])
})

test('what was not there after a crash may not come later', () => {
  messages.judgeRecovery([])
  messages.judgeRecovery([inSource])
  assert.deepEqual(violations, ['is back although its ack was on disk'])
})

test('a broker that lives delivers nothing that was acked or went on', () => {
  messages.rejected('m', source)
  messages.received(inTarget)
  messages.received(inSource)
  messages.acked('m')
  messages.received(inTarget)
  assert.deepEqual(violations, [
    `is back although it went on to ${target}`,
    'is back although it was acked',
  ])
})

test('a dead letter tells the queues it passed, each once, and why it left them', () => {
  messages.received(inTarget)
  messages.rejected('m', source)
  messages.received({ ...inTarget, deaths: [] })
  messages.received({ ...inTarget, deaths: [{ ...rejection, count: 2 }] })
  messages.received({ ...inTarget, deaths: [{ ...rejection, reason: 'expired' }] })
  messages.received({ ...inTarget, queue: 'moved.ttl.dead' })
  assert.deepEqual(violations, [
    `left ${source} for no reason: rejected`,
    `passed ${source}, and says []`,
    `passed ${source}, and says [{"queue":"${source}","reason":"rejected","count":2}]`,
    `left ${source} for no reason: expired`,
    'was never sent on a way through here',
  ])
})
