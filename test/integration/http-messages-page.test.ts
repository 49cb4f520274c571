// What docs/http-messages.md shows is run as it stands there: its commands in their order, and its programs.
import assert from 'node:assert/strict'
import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'
import { HttpMessages } from '../support/http-messages.ts'
import { TestBroker } from '../support/start-test-broker.ts'
import { waitFor } from '../support/wait-for.ts'

const run = promisify(execFile)
const page = readFileSync(path.join(import.meta.dirname, '../../docs/http-messages.md'), 'utf8')
const mainFile = path.join(import.meta.dirname, '../../src/main.ts')

let broker: TestBroker
let http: HttpMessages
const programs: ChildProcess[] = []
before(async () => {
  broker = await TestBroker.start(['--http-port', '0'])
  http = new HttpMessages(broker.httpPort)
})
after(async () => {
  while (programs.length > 0) end()
  await broker[Symbol.asyncDispose]()
})

function blocksOf(language: string): string[] {
  const blocks = page.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, 'gms'))
  return Array.from(blocks, ([, text = '']) =>
    text.replaceAll('localhost:15672', `127.0.0.1:${broker.httpPort}`),
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

/** What a block prints, run in a folder of its own. */
async function outputOf(block: string): Promise<string> {
  const program = `pabal() { '${process.execPath}' '${mainFile}' "$@" --data '${broker.dataFolder}'; }`
  const command = block.replaceAll('curl ', 'curl -sS --fail-with-body ')
  const args = ['-euo', 'pipefail', '-c', `${program}\n${command}`]
  const { stdout } = await run('bash', args, { cwd: path.dirname(broker.dataFolder) })
  return stdout
}

test(
  'the commands of the page do what it says',
  { skip: lacks('curl') || lacks('jq') },
  async () => {
    const answers: Answer[] = []
    const [prepare = '', ...blocks] = blocksOf('sh')
    await outputOf(prepare)
    for (const block of blocks) {
      const receipt = answers.findLast(({ messages }) => messages)?.messages?.[0]?.receipt ?? ''
      if (block.includes('/tail')) await follow(block)
      else if (block.includes('/export')) await outputOf(block)
      else answers.push(JSON.parse(await outputOf(block.replaceAll('…', receipt))) as Answer)
    }
    const routed = { outcome: 'routed' }
    const [order, lines, got, settled, extended, copied, ...others] = answers
    const both = { results: [routed, routed] }
    assert.deepEqual([order, lines, copied], [{ results: [routed] }, both, both])
    assert.deepEqual(
      got?.messages?.map(({ payload }) => payload),
      ['hello'],
    )
    // It was settled before.
    assert.deepEqual([settled, extended?.gone?.length, others], [{ gone: [] }, 1, []])
  },
)

async function follow(command: string): Promise<void> {
  const output = start('bash', command)
  await http.publishTo('orders', { routing_key: 'order.followed', payload: 'seen' })
  await waitFor('the event', () => output().includes('"payload":"seen"'))
  end()
  const [got] = await http.receive('jobs')
  await http.settle('jobs', { ack: [got!] })
}

/** Runs a program of the page; returns its output so far. */
function start(command: string, program = ''): () => string {
  const child = spawn(command, ['-c', program], { detached: true })
  programs.push(child)
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output += text))
  return () => output
}

/** Ends the program that was started last, and what it runs. */
function end(): void {
  const pid = programs.pop()?.pid
  if (pid !== undefined) process.kill(-pid)
}

async function untilSettled(): Promise<void> {
  await waitFor('all to be settled', async () => {
    const [, queue] = await http.ask('GET /queues/%2F/jobs')
    return (queue as { readonly messages: number }).messages === 0
  })
}

test('the program in Python publishes, works and waits', { skip: lacks('python3') }, async () => {
  const output = start('python3', blocksOf('python')[0])
  const done = 'done: picture 0\ndone: picture 1\ndone: picture 2\n'
  await waitFor('the work', () => output().length >= done.length)
  assert.equal(output(), done)
  await untilSettled()
  end()
})

test('the program in bash works and waits', { skip: lacks('jq') }, async () => {
  const output = start('bash', blocksOf('bash')[0])
  await http.publish('jobs', 'one', 'say "two"')
  const done = 'done: one\ndone: say "two"\n'
  await waitFor('the work', () => output().length >= done.length)
  assert.equal(output(), done)
  await untilSettled()
})
