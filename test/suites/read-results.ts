// Reads what the runners of suites write.

import { XMLParser } from 'fast-xml-parser'

/** How one test went. */
export type Outcome = 'passed' | 'failed' | 'skipped'

/** By the test's full name. */
export type Outcomes = ReadonlyMap<string, Outcome>

interface TestCase {
  readonly name: string
  readonly classname?: string
  readonly failure?: unknown
  readonly error?: unknown
  readonly skipped?: unknown
}

interface TestSuite {
  readonly testsuite?: readonly TestSuite[]
  readonly testcase?: readonly TestCase[]
}

const parser: XMLParser = new XMLParser({
  ignoreAttributes: false,
  attributeNamePrefix: '',
  // Attributes of a failed test in Node's report have names of elements.
  updateTag: (_tag, _path, attributes) => {
    delete attributes['failure']
    return true
  },
  isArray: (name) => name === 'testsuite' || name === 'testcase',
})

/** Results in the XML of JUnit, as Node, pytest and PHPUnit write it. */
export function readJunit(text: string): Outcomes {
  const { testsuites } = parser.parse(text) as { testsuites: TestSuite }
  const outcomes = new Map<string, Outcome>()
  for (const test of testsOf(testsuites)) {
    const name = `${test.classname ?? ''} ${test.name}`.trim()
    outcomes.set(unused(name, outcomes), outcomeOf(test))
  }
  return outcomes
}

function testsOf({ testsuite = [], testcase = [] }: TestSuite): readonly TestCase[] {
  return [...testcase, ...testsuite.flatMap(testsOf)]
}

function outcomeOf(test: TestCase): Outcome {
  if (test.failure !== undefined || test.error !== undefined) return 'failed'
  return test.skipped === undefined ? 'passed' : 'skipped'
}

/** Two tests of a suite may have one name. */
function unused(name: string, taken: Outcomes): string {
  for (let count = 1; ; count++) {
    const wanted = count === 1 ? name : `${name} (${count})`
    if (!taken.has(wanted)) return wanted
  }
}

const goActions: Readonly<Record<string, Outcome>> = {
  pass: 'passed',
  fail: 'failed',
  skip: 'skipped',
}

/** Results in the lines that `go test -json` prints; what the compiler says stands between them. */
export function readGo(text: string): Outcomes {
  const outcomes = new Map<string, Outcome>()
  for (const line of text.split('\n')) {
    if (!line.startsWith('{')) continue
    const { Action, Test } = JSON.parse(line) as { Action: string; Test?: string }
    const outcome = goActions[Action]
    if (Test !== undefined && outcome) outcomes.set(Test, outcome)
  }
  return outcomes
}

const librdkafkaStates: Readonly<Record<string, Outcome>> = {
  PASSED: 'passed',
  FAILED: 'failed',
  SKIPPED: 'skipped',
}

/** Results in librdkafka's report; those that were not started were not asked for. */
export function readLibrdkafka(text: string): Outcomes {
  const { tests } = JSON.parse(text) as { tests: Readonly<Record<string, { state: string }>> }
  const known = Object.entries(tests).flatMap(([name, { state }]) => {
    const outcome = librdkafkaStates[state]
    return outcome === undefined || name === '<MAIN>' ? [] : [[name, outcome] as const]
  })
  return new Map(known)
}
