import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readGo, readJunit, readLibrdkafka } from './read-results.ts'

test('readJunit() finds nested tests, and tells those of one name apart', () => {
  const text = `<?xml version="1.0"?>
    <testsuites>
      <testsuite name="outer">
        <testcase name="a" classname="outer"/>
        <testsuite name="inner">
          <testcase name="b" classname="inner" failure="why"><failure>why</failure></testcase>
          <testcase name="c" classname="inner"><error>why</error></testcase>
          <testcase name="d" classname="inner"><skipped/></testcase>
        </testsuite>
        <testcase name="a" classname="outer"/>
      </testsuite>
    </testsuites>`
  assert.deepEqual(Object.fromEntries(readJunit(text)), {
    'outer a': 'passed',
    'outer a (2)': 'passed',
    'inner b': 'failed',
    'inner c': 'failed',
    'inner d': 'skipped',
  })
})

test('readGo() reads the last word on each test, between lines of the compiler', () => {
  const events = [
    '# some package',
    '{"Action":"run","Test":"A"}',
    '{"Action":"pass","Test":"A"}',
    '{"Action":"fail","Test":"B/one"}',
    '{"Action":"skip","Test":"C"}',
    '{"Action":"fail","Package":"p"}',
  ]
  const outcomes = Object.fromEntries(readGo(events.join('\n')))
  assert.deepEqual(outcomes, { A: 'passed', 'B/one': 'failed', C: 'skipped' })
})

test("readLibrdkafka() reads what ran, and not the runner's own entry", () => {
  const states = { '<MAIN>': 'PASSED', '0001-a': 'PASSED', '0002-b': 'FAILED', '0003-c': 'DNS' }
  const tests = Object.fromEntries(
    Object.entries({ ...states, '0004-d': 'SKIPPED' }).map(([name, state]) => [name, { state }]),
  )
  const outcomes = Object.fromEntries(readLibrdkafka(JSON.stringify({ tests })))
  assert.deepEqual(outcomes, { '0001-a': 'passed', '0002-b': 'failed', '0004-d': 'skipped' })
})
