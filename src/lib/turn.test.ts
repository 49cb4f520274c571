import assert from 'node:assert/strict'
import { test } from 'node:test'
import { VirtualClock } from '../testing/virtual-clock.ts'
import { Turn, turnPhase, type TurnPhase, type TurnTask } from './turn.ts'

function setUp(): {
  clock: VirtualClock
  turn: Turn
  done: string[]
  task: (name: string, then?: () => void) => TurnTask
} {
  const clock = new VirtualClock()
  const done: string[] = []
  const task = (name: string, then: () => void = () => undefined): TurnTask => ({
    runTurn: () => {
      done.push(name)
      then()
    },
  })
  return { clock, turn: new Turn(clock), done, task }
}

test('phases run in order whatever order they were scheduled in', () => {
  const { clock, turn, done, task } = setUp()
  const phases: [string, TurnPhase][] = [
    ['output', turnPhase.output],
    ['commit', turnPhase.commit],
    ['dispatch', turnPhase.dispatch],
  ]
  for (const [name, phase] of phases) turn.schedule(phase, task(name))
  assert.deepEqual(done, [])
  clock.endOneTurn()
  assert.deepEqual(done, ['dispatch', 'commit', 'output'])
  assert.equal(clock.endOneTurn(), false)
})

test('a task scheduled for a later phase runs in the same turn', () => {
  const { clock, turn, done, task } = setUp()
  const output = task('output')
  turn.schedule(
    turnPhase.dispatch,
    task('dispatch', () => turn.schedule(turnPhase.output, output)),
  )
  clock.endOneTurn()
  assert.deepEqual(done, ['dispatch', 'output'])
})

test('a task scheduled for the running or an earlier phase waits for the next turn', () => {
  const { clock, turn, done, task } = setUp()
  const again = task('again')
  turn.schedule(
    turnPhase.commit,
    task('commit', () => {
      turn.schedule(turnPhase.commit, again)
      turn.schedule(turnPhase.dispatch, again)
    }),
  )
  clock.endOneTurn()
  assert.deepEqual(done, ['commit'])
  clock.endOneTurn()
  assert.deepEqual(done, ['commit', 'again', 'again'])
  assert.equal(clock.endOneTurn(), false)
})

test('a turn is asked for once however many tasks there are', () => {
  let asked = 0
  class CountingClock extends VirtualClock {
    override atEndOfTurn(callback: () => void): void {
      asked++
      super.atEndOfTurn(callback)
    }
  }
  const turn = new Turn(new CountingClock())
  for (let count = 0; count < 5; count++) turn.schedule(turnPhase.output, { runTurn() {} })
  assert.equal(asked, 1)
})
