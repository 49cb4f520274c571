// What each client could do, kept in results.json (so that a run of some clients keeps what is known
// of the others) and written as tables into docs/compatibility.md.

import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { clients, type Client } from './clients.ts'
import { amqpSteps, kafkaSteps, type Steps } from './steps.ts'

const file: string = join(import.meta.dirname, 'results.json')
const page: string = join(import.meta.dirname, '../../docs/compatibility.md')
const begin = '<!-- clients: written by npm run test:interop -->'
const end = '<!-- end of clients -->'

type Verdict = 'works' | 'fails'

interface ClientResult {
  readonly version: string
  readonly steps: Record<string, Verdict>
}

/** Collects verdicts of one run. */
export class Results {
  readonly #run = new Map<string, ClientResult>()

  add(client: Client, step: string, verdict: Verdict): void {
    const known = this.#run.get(client.name) ?? { version: client.version, steps: {} }
    known.steps[step] = verdict
    this.#run.set(client.name, known)
  }

  /** Replaces the results of the clients that ran and writes the page. */
  write(): void {
    const results = this.#merge()
    writeFileSync(file, print(results))
    writeFileSync(page, rewrite(readFileSync(page, 'utf8'), results))
  }

  /** @throws AssertionError when write() would change what is committed. */
  compare(): void {
    const results = this.#merge()
    const advice = 'differs from what was seen; npm run test:interop renews it'
    assert.equal(print(results), readFileSync(file, 'utf8'), `test/interop/results.json ${advice}`)
    const text = readFileSync(page, 'utf8')
    assert.equal(rewrite(text, results), text, `docs/compatibility.md ${advice}`)
  }

  /** What is known of all clients; those that did not run keep what they had. */
  #merge(): Record<string, ClientResult> {
    const before = JSON.parse(readFileSync(file, 'utf8')) as Record<string, ClientResult>
    const all = { ...before, ...Object.fromEntries(this.#run) }
    const inOrder = clients.flatMap(({ name }) => (all[name] ? [[name, all[name]]] : []))
    return Object.fromEntries(inOrder) as Record<string, ClientResult>
  }
}

function print(results: Readonly<Record<string, ClientResult>>): string {
  return `${JSON.stringify(results, undefined, 2)}\n`
}

function rewrite(text: string, results: Readonly<Record<string, ClientResult>>): string {
  const [from, to] = [text.indexOf(begin), text.indexOf(end)]
  if (from < 0 || to < from) throw new Error(`${page} lacks the lines ${begin} and ${end}`)
  const parts = [
    '### Kafka clients',
    table('kafka', kafkaSteps, results),
    '### AMQP clients',
    table('amqp', amqpSteps, results),
  ]
  return `${text.slice(0, from + begin.length)}\n\n${parts.join('\n\n')}\n\n${text.slice(to)}`
}

function table(
  protocol: Client['protocol'],
  steps: Steps,
  results: Readonly<Record<string, ClientResult>>,
): string {
  const shown = clients.filter((client) => client.protocol === protocol && results[client.name])
  const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  const heads = shown.map(
    ({ name, language }) => `${name} ${results[name]?.version}<br>${language}`,
  )
  const rows = Object.keys(steps).map((step) =>
    row([step, ...shown.map((client) => mark(results[client.name]?.steps[step]))]),
  )
  const reasons = shown.flatMap(describeGaps)
  return [row(['step', ...heads]), row(['---', ...heads.map(() => ':-:')]), ...rows]
    .concat(reasons.length > 0 ? ['', 'Where a dash stands:', '', ...reasons] : [])
    .join('\n')
}

function mark(verdict: Verdict | undefined): string {
  return verdict === undefined ? '–' : { works: '✓', fails: '✗' }[verdict]
}

/** One line per reason, naming the steps it stands for. */
function describeGaps(client: Client): string[] {
  const byReason = new Map<string, string[]>()
  for (const [step, reason] of Object.entries(client.cannot))
    byReason.set(reason, [...(byReason.get(reason) ?? []), step])
  return Array.from(
    byReason,
    ([reason, steps]) => `- ${client.name}: ${steps.join(', ')}: ${reason}`,
  )
}
