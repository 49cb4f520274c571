// What docs/http-messages.md shows is run as it stands there: its commands in their order, and its programs.
import assert from 'node:assert/strict'
import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'
import { type RunningBroker, startBroker } from '../../src/start-broker.ts'
import { HttpMessages } from '../support/http-messages.ts'
import { waitFor } from '../support/wait-for.ts'

const run = promisify(execFile)
const page = readFileSync(join(import.meta.dirname, '../../docs/http-messages.md'), 'utf8')

let broker: RunningBroker
let http: HttpMessages
const programs: ChildProcess[] = []
before(async () => {
  const off = { kafkaPort: 'off', metricsPort: 'off' } as const
  broker = await startBroker({ storage: 'memory', amqpPort: 0, httpPort: 0, ...off })
  http = new HttpMessages(broker.addresses['http']!.port)
  const rights = { configure: '', write: '.*', read: '.*' }
  for (const [request, body] of [
    ['PUT /users/app', { password: 'secret', tags: '' }],
    ['PUT /permissions/%2F/app', rights],
    ['PUT /queues/%2F/jobs', { durable: true }],
    ['PUT /queues/%2F/events', { durable: true, arguments: { 'x-queue-type': 'stream' } }],
    ['PUT /exchanges/%2F/orders', { type: 'topic', durable: true }],
    ['POST /bindings/%2F/e/orders/q/jobs', { routing_key: 'order.*' }],
  ] as const) {
    const [status, json] = await http.ask(request, body)
    assert.ok(status < 300, `${request}: ${status} ${JSON.stringify(json)}`)
  }
})
after(async () => {
  // The group: what a shell runs goes with it.
  for (const { pid } of programs) if (pid !== undefined) process.kill(-pid)
  await broker.close()
})

function blocksOf(language: string): string[] {
  const { port } = broker.addresses['http']!
  const blocks = page.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, 'gms'))
  return Array.from(blocks, ([, text = '']) =>
    text.replaceAll('localhost:15672', `127.0.0.1:${port}`),
  )
}

function lacks(command: string): string | false {
  return spawnSync(command, ['--version']).status === 0 ? false : `there is no ${command}`
}

interface Answer {
  readonly results?: readonly { readonly outcome: string }[]
  readonly messages?: readonly { readonly receipt: string; readonly payload: string }[]
  readonly gone?: readonly string[]
}

test('the commands of the page do what it says', { skip: lacks('curl') }, async () => {
  const answers: Answer[] = []
  for (const block of blocksOf('sh')) {
    const receipt = answers.findLast(({ messages }) => messages)?.messages?.[0]?.receipt ?? ''
    const command = block.replaceAll('…', receipt).replaceAll('curl ', 'curl -sS --fail-with-body ')
    const { stdout } = await run('bash', ['-euo', 'pipefail', '-c', command])
    answers.push(JSON.parse(stdout) as Answer)
  }
  const routed = { outcome: 'routed' }
  const [order, lines, got, settled, extended, ...others] = answers
  assert.deepEqual([order, lines], [{ results: [routed] }, { results: [routed, routed] }])
  assert.deepEqual(
    got?.messages?.map(({ payload }) => payload),
    ['hello'],
  )
  // It was settled before.
  assert.deepEqual([settled, extended?.gone?.length, others], [{ gone: [] }, 1, []])
})

/** Runs a program of the page; returns its output so far. */
function start(language: string, command: string): () => string {
  const [program = ''] = blocksOf(language)
  const child = spawn(command, ['-c', program], { detached: true })
  programs.push(child)
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output += text))
  return () => output
}

async function untilSettled(): Promise<void> {
  await waitFor('all to be settled', async () => {
    const [, queue] = await http.ask('GET /queues/%2F/jobs')
    return (queue as { readonly messages: number }).messages === 0
  })
}

test('the program in Python publishes, works and waits', { skip: lacks('python3') }, async () => {
  const output = start('python', 'python3')
  const done = 'done: picture 0\ndone: picture 1\ndone: picture 2\n'
  await waitFor('the work', () => output().length >= done.length)
  assert.equal(output(), done)
  await untilSettled()
  process.kill(-programs.pop()!.pid!)
})

test('the program in bash works and waits', { skip: lacks('jq') }, async () => {
  const output = start('bash', 'bash')
  await http.publish('jobs', 'one', 'say "two"')
  const done = 'done: one\ndone: say "two"\n'
  await waitFor('the work', () => output().length >= done.length)
  assert.equal(output(), done)
  await untilSettled()
})
