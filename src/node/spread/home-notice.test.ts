// What the log says of a home that does not answer.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Logger, silentLogger } from '../../lib/logger.ts'
import { VirtualClock } from '../../testing/virtual-clock.ts'
import { CallError } from '../calls/call-error.ts'
import { HomeNotice } from './home-notice.ts'

const away = new CallError('unreachable', 'no node has cell 0 at this moment')

function openNotice(): { notice: HomeNotice; clock: VirtualClock; lines: string[] } {
  const lines: string[] = []
  const say: Logger['warn'] = (...[first, text]) => void lines.push(text ?? (first as string))
  const logger: Logger = { ...silentLogger, warn: say, info: say, error: say }
  const clock = new VirtualClock()
  return { notice: new HomeNotice({ what: 'Changes of topics', clock, logger }), clock, lines }
}

test('a home that moves is not told of', () => {
  const { notice, clock, lines } = openNotice()
  for (let at = 0; at < 20; at++) {
    notice.onFailed(away)
    clock.advance(500)
  }
  notice.onAnswer()
  clock.advance(60_000)
  assert.deepEqual(lines, [])
})

test('a home that stays away is told of once, and that it is back', () => {
  const { notice, clock, lines } = openNotice()
  for (let at = 0; at < 200; at++) {
    notice.onFailed(away)
    clock.advance(500)
  }
  notice.onAnswer()
  notice.onAnswer()
  assert.equal(lines.length, 2)
  assert.match(lines[0] as string, /^Changes of topics are not known here.* no node has cell 0/)
  assert.equal(lines[1], 'Changes of topics are known here again')
})

test('what is unexpected is told of at once', () => {
  const { notice, lines } = openNotice()
  notice.onFailed(new TypeError('a defect'))
  assert.deepEqual(lines, ['Changes of topics cannot be followed; it is tried again'])
})
