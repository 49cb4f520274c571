import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { GatheredCalls } from './gathered-calls.ts'

interface Sent {
  readonly asked: readonly string[]
  readonly answer: (answers: readonly string[]) => void
  readonly fail: (error: Error) => void
}

function callsUnderTest(inFlightMax = 1): { calls: GatheredCalls<string, string>; sent: Sent[] } {
  const sent: Sent[] = []
  const calls = new GatheredCalls<string, string>({
    send: (asked) =>
      new Promise((answer, fail) => {
        sent.push({ asked, answer, fail })
      }),
    sizeOf: ({ length }) => length,
    sizeMax: 5,
    inFlightMax,
  })
  return { calls, sent }
}

describe('GatheredCalls', () => {
  it('asks at once, and with the next call what came meanwhile', async () => {
    const { calls, sent } = callsUnderTest()
    const answers = ['a', 'b', 'c'].map((asked) => calls.ask(asked))
    assert.deepEqual(
      sent.map(({ asked }) => asked),
      [['a']],
    )
    sent[0]!.answer(['A'])
    assert.equal(await answers[0], 'A')
    assert.deepEqual(sent[1]?.asked, ['b', 'c'])
    sent[1].answer(['B', 'C'])
    assert.deepEqual(await Promise.all(answers), ['A', 'B', 'C'])
  })

  it('has as many calls under way as it may', () => {
    const { calls, sent } = callsUnderTest(2)
    for (const asked of ['a', 'b', 'c']) void calls.ask(asked)
    assert.deepEqual(
      sent.map(({ asked }) => asked),
      [['a'], ['b']],
    )
  })

  it('asks no more in one call than it may, and what is larger alone', async () => {
    const { calls, sent } = callsUnderTest()
    const all = ['a', 'bbb', 'cc', 'd', 'eeeeeeee', 'f'].map((asked) => calls.ask(asked))
    const answerNext = async (at: number): Promise<readonly string[]> => {
      sent[at]!.answer(sent[at]!.asked)
      await new Promise(setImmediate)
      return sent[at + 1]?.asked ?? []
    }
    assert.deepEqual(await answerNext(0), ['bbb', 'cc'])
    assert.deepEqual(await answerNext(1), ['d'])
    assert.deepEqual(await answerNext(2), ['eeeeeeee'])
    assert.deepEqual(await answerNext(3), ['f'])
    await answerNext(4)
    assert.deepEqual(await Promise.all(all), ['a', 'bbb', 'cc', 'd', 'eeeeeeee', 'f'])
  })

  it('rejects all that went with a call that failed, and goes on', async () => {
    const { calls, sent } = callsUnderTest()
    const first = calls.ask('a')
    const [second, third] = [calls.ask('b'), calls.ask('c')]
    sent[0]!.fail(new Error('cut'))
    await assert.rejects(first, /cut/)
    sent[1]!.answer(['B'])
    await assert.rejects(second, /1 answers to 2 questions/)
    await assert.rejects(third, /1 answers to 2 questions/)
    const fourth = calls.ask('d')
    sent[2]!.answer(['D'])
    assert.equal(await fourth, 'D')
  })
})
