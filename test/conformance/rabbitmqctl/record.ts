// node test/conformance/rabbitmqctl/record.ts: gives the commands of answers.json to a RabbitMQ of its own (from
// Debian's package) and writes down what it answers. It takes some minutes.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { rabbitmqServerScript, startRabbitmq } from '../../../bench/systems/rabbitmq-system.ts'
import { type CommandAnswer, plainAnswer } from './answer.ts'
import { openShop } from './shop.ts'

const file = path.join(import.meta.dirname, 'answers.json')
const lines = (JSON.parse(readFileSync(file, 'utf8')) as CommandAnswer[]).map(({ line }) => line)
const folder = mkdtempSync(path.join(tmpdir(), 'rabbitmqctl-'))
const node = await startRabbitmq(path.join(folder, 'node'))
const leave = await openShop(`amqp://guest:guest@127.0.0.1:${node.amqpPort}`)
try {
  const answers = lines.map((line) => {
    const [program = '', ...words] = line.replaceAll('{folder}', folder).split(' ')
    const script = path.join(path.dirname(rabbitmqServerScript), program)
    const { status, stdout, stderr } = spawnSync(script, words, { env: node.env, encoding: 'utf8' })
    const told = (text: string): string[] =>
      text.trimEnd() === '' ? [] : text.trimEnd().replaceAll(folder, '{folder}').split('\n')
    const answer = { line, code: status ?? -1, out: told(stdout), err: told(stderr) }
    return plainAnswer(answer, 'bench@localhost')
  })
  const rows = answers.map((answer) => `  ${JSON.stringify(answer)}`)
  writeFileSync(file, `[\n${rows.join(',\n')}\n]\n`)
} finally {
  await leave()
  await node.stop('SIGKILL')
  rmSync(folder, { recursive: true })
}
