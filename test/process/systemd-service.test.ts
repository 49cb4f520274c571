// The broker as a service of systemd: it says when it is ready and when it stops, keeps its data where
// systemd says, and the unit that comes with it is one that systemd takes.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { otherPortsOff } from '../../src/cli/other-ports-off.ts'
import { waitFor } from '../support/wait-for.ts'
import { BrokerProgram, ScratchFolder } from './broker-program.ts'

const repository = path.join(import.meta.dirname, '../..')
const unit = path.join(repository, 'deploy/systemd/pabal.service')
const freePorts = ['--amqp-port', '0', '--http-port', '0', '--kafka-port', '0', ...otherPortsOff]

/** A `systemd-notify` that notes what it is told, a line each time. */
function notifyTool(folder: ScratchFolder): { readonly path: string; readonly told: () => string } {
  const tools = folder.file('tools')
  const notes = folder.file('notes')
  mkdirSync(tools)
  const tool = path.join(tools, 'systemd-notify')
  writeFileSync(tool, `#!/bin/sh\necho "$@" >> '${notes}'\n`)
  chmodSync(tool, 0o755)
  const told = (): string => (existsSync(notes) ? readFileSync(notes, 'utf8') : '')
  return { path: `${tools}:${process.env['PATH']}`, told }
}

test('it tells systemd that it is ready, alive and stopping, and keeps its data in its folder', async () => {
  using folder = new ScratchFolder()
  const tool = notifyTool(folder)
  await using program = BrokerProgram.run(folder, freePorts, {
    PATH: tool.path,
    NOTIFY_SOCKET: '@nobody-listens',
    WATCHDOG_USEC: '200000',
    STATE_DIRECTORY: `${folder.file('state')}:/elsewhere`,
  })
  await waitFor('signs of life', () => tool.told().split('WATCHDOG=1').length > 2)
  program.child.kill('SIGTERM')
  assert.equal((await program.ended()).code, 0)
  assert.ok(readdirSync(folder.file('state')).length > 0, 'its data is there')
  assert.match(tool.told(), /^READY=1 STATUS=Ready: amqp, kafka, http\n/)
  assert.match(tool.told(), /^STOPPING=1 STATUS=Stopping EXTEND_TIMEOUT_USEC=25000000$/m)
})

test('without systemd-notify it serves, and says what systemd does not hear', async () => {
  using folder = new ScratchFolder()
  const readyFile = folder.file('ready.json')
  const args = [...freePorts, '--data', folder.file('data'), '--ready-file', readyFile]
  const lonely = { PATH: folder.path, NOTIFY_SOCKET: '@nobody-listens' }
  await using program = BrokerProgram.run(folder, args, lonely)
  await program.ready(readyFile)
  await waitFor('the warning', () => program.stderr.includes('systemd is not told'))
  program.child.kill('SIGTERM')
  assert.equal((await program.ended()).code, 0)
})

test('the unit has what the broker needs', () => {
  const text = readFileSync(unit, 'utf8')
  const lines = ['Type=notify', 'NotifyAccess=all', 'StateDirectory=pabal', 'LimitNOFILE=262144']
  for (const line of lines) assert.ok(text.split('\n').includes(line), line)
  if (!existsSync('/usr/bin/systemd-analyze')) return
  using folder = new ScratchFolder()
  // systemd looks whether the program is there.
  const here = folder.file('pabal.service')
  writeFileSync(here, text.replace('/usr/bin/pabal', process.execPath))
  const { status, stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', here])
  assert.deepEqual([status, stderr.toString()], [0, ''])
})
