// What a start loads decides how long it takes and what an idle broker needs (docs/decisions/0040).
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { waitFor } from '../support/wait-for.ts'
import { BrokerProgram, ScratchFolder } from './broker-program.ts'

const preload = new URL('./note-modules.ts', import.meta.url)
const flags = ['amqp', 'http', 'kafka', 'metrics'].flatMap((name) => [`--${name}-port`, '0'])

/** Packages among the modules noted so far, once each. */
function packagesIn(list: string, when: 'early' | 'late'): string[] {
  const names = readFileSync(list, 'utf8')
    .split('\n')
    .filter((line) => line.startsWith(`${when} `))
    .flatMap((line) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(line)?.[1] ?? [])
  return [...new Set(names)]
}

test('libraries that no first client needs are loaded after the broker is ready', async () => {
  using folder = new ScratchFolder()
  const [readyFile, list] = [folder.file('ready.json'), folder.file('modules')]
  await using program = BrokerProgram.run(folder, flags, {
    NODE_OPTIONS: `--import=${preload.href}`,
    PABAL_READY_FILE: readyFile,
    PABAL_TEST_MODULES: list,
  })
  await program.ready(readyFile)
  const early = packagesIn(list, 'early').filter((name) => !name.startsWith('@node-rs/crc32'))
  assert.deepEqual(early, [], 'loaded before it was ready')
  assert.doesNotMatch(readFileSync(list, 'utf8'), /node:tls|server\/tls-(?:handshakes|credentials)/)
  for (const name of ['hono', 'pino']) {
    await waitFor(`${name} is loaded`, () => packagesIn(list, 'late').includes(name))
  }
})
