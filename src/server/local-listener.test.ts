import assert from 'node:assert/strict'
import { once } from 'node:events'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { type TestContext, test } from 'node:test'
import { type LocalListener, openLocalListener } from './local-listener.ts'

function newFolder(t: TestContext): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'local-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** A listener that greets. */
function open(folder: string): Promise<LocalListener> {
  return openLocalListener({
    folder,
    onSocket: (socket) => socket.end('hello'),
    onAcceptProblem: (reason) => assert.fail(reason),
  })
}

async function greetingAt(socket: string): Promise<string> {
  const client = connect(socket).setEncoding('utf8')
  const [text] = (await once(client, 'data')) as [string]
  client.destroy()
  return text
}

const modeOf = (file: string): number => statSync(file).mode & 0o777

test('a socket in the data folder is only for its owner, and goes with its listener', async (t) => {
  const folder = newFolder(t)
  const listener = await open(folder)
  assert.equal(listener.path, path.join(folder, 'pabal.sock'))
  assert.equal(modeOf(listener.path), 0o600)
  assert.deepEqual(readdirSync(folder), ['pabal.sock'])
  assert.equal(await greetingAt(listener.path), 'hello')
  listener.close()
  assert.deepEqual(readdirSync(folder), [])
})

test('what a killed broker left is replaced', async (t) => {
  const folder = newFolder(t)
  const killed = await open(folder)
  const listener = await open(folder)
  assert.equal(await greetingAt(listener.path), 'hello')
  listener.close()
  killed.close()
})

test('where the path is too long, the socket is in a private folder that a file names', async (t) => {
  const folder = path.join(newFolder(t), 'x'.repeat(100))
  mkdirSync(folder)
  const pointer = path.join(folder, 'pabal.sock.path')
  const killed = await open(folder)
  const first = readFileSync(pointer, 'utf8')
  assert.equal(first, killed.path)
  const listener = await open(folder)
  assert.equal(existsSync(first), false, 'the one of the killed broker is gone')
  const socket = readFileSync(pointer, 'utf8')
  assert.equal(socket, listener.path)
  assert.deepEqual(
    [modeOf(socket), modeOf(path.dirname(socket)), modeOf(pointer)],
    [0o600, 0o700, 0o600],
  )
  assert.equal(await greetingAt(socket), 'hello')
  listener.close()
  killed.close()
  assert.deepEqual([readdirSync(folder), existsSync(path.dirname(socket))], [[], false])
})

test('nothing is removed that no broker has made', async (t) => {
  const folder = newFolder(t)
  const others = path.join(newFolder(t), 'pabal-mine')
  mkdirSync(others)
  writeFileSync(path.join(folder, 'pabal.sock.path'), path.join(others, 'pabal.sock'))
  const listener = await open(folder)
  assert.ok(existsSync(others))
  assert.deepEqual(readdirSync(folder), ['pabal.sock'])
  listener.close()
})

test('a folder in which no socket can be is said', async (t) => {
  const folder = newFolder(t)
  mkdirSync(path.join(folder, 'pabal.sock'))
  await assert.rejects(open(folder), /EISDIR|ENOTDIR|directory/)
  assert.deepEqual(readdirSync(folder), ['pabal.sock'])
})
