// npm run check:versions: a node of an older commit and one of this tree in one cluster, either of them first. What each
// makes, publishes and confirms the other one has, also after kill -9 of the first.
import assert from 'node:assert/strict'
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { AmqpSession } from '../support/amqp-session.ts'
import { ClusterUnderTest, slowMsMax } from '../support/cluster-under-test.ts'
import { waitFor } from '../support/wait-for.ts'

const root = join(import.meta.dirname, '../..')
const vhosts = ['v0', 'v1', 'v2', 'v3']
const startMsMax = 120_000
const usage = 'npm run check:versions -- [--with COMMIT]: which one the other node is of (HEAD^)'

interface Node {
  readonly name: string
  readonly child: ChildProcess
  readonly amqp: number
  readonly http: number
}

interface Ready {
  readonly amqp: { readonly port: number }
  readonly http: { readonly port: number }
}

function say(text: string): void {
  process.stdout.write(`${text}\n`)
}

/** A tree of the commit, with this one's libraries. */
function checkOut(commit: string, folder: string): string {
  const tree = join(folder, 'tree')
  git('worktree', 'add', '--detach', '--quiet', tree, commit)
  symlinkSync(join(root, 'node_modules'), join(tree, 'node_modules'))
  return tree
}

function git(...args: string[]): void {
  execFileSync('git', args, { cwd: root, stdio: 'inherit' })
}

class Both implements AsyncDisposable {
  readonly #cluster: ClusterUnderTest
  readonly #folder: string
  readonly #children: ChildProcess[] = []

  constructor(cluster: ClusterUnderTest, folder: string) {
    this.#cluster = cluster
    this.#folder = folder
  }

  async start(name: string, tree: string): Promise<Node> {
    const { postgres, objectsAddress } = this.#cluster
    const folder = mkdtempSync(join(this.#folder, `${name}-`))
    const readyFile = join(folder, 'ready.json')
    const flags = {
      cluster: `${postgres.address}?schema=cluster`,
      objects: objectsAddress,
      data: join(folder, 'data'),
      'ready-file': readyFile,
      'node-name': name,
      'cluster-cells': '6',
      'amqp-port': '0',
      'http-port': '0',
      'node-port': '0',
      'kafka-port': 'off',
      'metrics-port': 'off',
      ...(existsSync(join(tree, 'src/server/mqtt')) && { 'mqtt-port': 'off', 'stomp-port': 'off' }),
    }
    const args = Object.entries(flags).flatMap(([flag, value]) => [`--${flag}`, value])
    const child = spawn(process.execPath, [join(tree, 'src/main.ts'), ...args], {
      cwd: folder,
      stdio: ['ignore', 'inherit', 'inherit'],
    })
    this.#children.push(child)
    const ready = await waitFor(
      `${name} is ready`,
      () => {
        if (child.exitCode !== null) throw new Error(`${name} ended with ${child.exitCode}`)
        return existsSync(readyFile) ? readReady(readyFile) : undefined
      },
      startMsMax,
    )
    return { name, child, amqp: ready.amqp.port, http: ready.http.port }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#children) child.kill('SIGKILL')
    await this.#cluster[Symbol.asyncDispose]()
  }
}

/** Undefined while it is half written. */
function readReady(file: string): Ready | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Ready
  } catch {
    return undefined
  }
}

async function ask(node: Node, method: string, path: string, body?: unknown): Promise<Response> {
  const authorization = `Basic ${Buffer.from('guest:guest').toString('base64')}`
  const answer = await fetch(`http://127.0.0.1:${node.http}/api/${path}`, {
    method,
    headers: { authorization },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
  assert.ok(answer.ok, `${node.name}: ${method} ${path}: ${answer.status}`)
  return answer
}

function sessionAt(node: Node, vhost: string, login = 'guest:guest'): Promise<AmqpSession> {
  const open = (): Promise<AmqpSession | undefined> =>
    AmqpSession.open(`amqp://${login}@127.0.0.1:${node.amqp}/${vhost}`).catch(() => undefined)
  return waitFor(`a client comes in at ${node.name}`, open, slowMsMax)
}

async function publish(node: Node, vhost: string): Promise<void> {
  await using session = await sessionAt(node, vhost)
  const channel = await session.confirmChannel()
  await channel.assertQueue('tasks', { durable: true })
  channel.sendToQueue('tasks', Buffer.from(node.name), { persistent: true })
  await channel.waitForConfirms()
}

async function countAt(node: Node, vhost: string): Promise<number> {
  await using session = await sessionAt(node, vhost)
  return (await (await session.channel()).checkQueue('tasks')).messageCount
}

/** The first has all cells before the second comes. */
async function check(trees: readonly [string, string], folder: string): Promise<void> {
  const cluster = await ClusterUnderTest.start()
  await using both = new Both(cluster, folder)
  const first = await both.start('n1', trees[0])
  await cluster.waitForCounts({ n1: 6 })
  for (const vhost of vhosts.slice(0, 2)) await ask(first, 'PUT', `vhosts/${vhost}`)
  const second = await both.start('n2', trees[1])
  await cluster.waitForCounts({ n1: 3, n2: 3 })
  for (const vhost of vhosts.slice(2)) await ask(second, 'PUT', `vhosts/${vhost}`)
  say('each has half of the cells')
  for (const vhost of vhosts) for (const node of [first, second]) await publish(node, vhost)
  for (const node of [first, second]) {
    for (const vhost of vhosts)
      assert.equal(await countAt(node, vhost), 2, `${vhost} at ${node.name}`)
    const listed = await ask(node, 'GET', 'queues?columns=vhost,messages')
    assert.equal(listed.headers.get('x-pabal-missing'), null)
    assert.equal(((await listed.json()) as unknown[]).length, vhosts.length)
  }
  say('each has what the other one confirmed')
  const all = { configure: '.*', write: '.*', read: '.*' }
  for (const [name, maker, other] of [
    ['alice', first, second],
    ['bob', second, first],
  ] as const) {
    await ask(maker, 'PUT', `users/${name}`, { password: 'x', tags: '' })
    await ask(maker, 'PUT', `permissions/v0/${name}`, all)
    await (await sessionAt(other, 'v0', `${name}:x`))[Symbol.asyncDispose]()
  }
  say('each lets in users that the other one has made')
  first.child.kill('SIGKILL')
  await cluster.waitForCounts({ n2: 6 })
  for (const vhost of vhosts) assert.equal(await countAt(second, vhost), 2, vhost)
  say('the second has everything after kill -9 of the first')
}

const { values } = parseArgs({
  options: { with: { type: 'string', default: 'HEAD^' }, help: { type: 'boolean' } },
})
if (values.help === true) say(usage)
else {
  const folder = mkdtempSync(join(tmpdir(), 'pabal-versions-'))
  const older = checkOut(values.with, folder)
  try {
    for (const trees of [
      [older, root],
      [root, older],
    ] as const) {
      say(trees[0] === root ? `this tree, then ${values.with}` : `${values.with}, then this tree`)
      await check(trees, folder)
    }
  } finally {
    git('worktree', 'remove', '--force', older)
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  }
}
