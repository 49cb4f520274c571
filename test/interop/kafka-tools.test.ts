// Kafka's own tools, of the newest Kafka, against this broker: what they do, and the words in which they are
// refused what it does not have. They run where the Java clients of interop.test.ts run. With PABAL_TEST_KAFKA
// (host:port, broker 1) another broker is asked, to prove the calls themselves.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, it } from 'node:test'
import { TestBroker } from '../support/start-test-broker.ts'
import { tableFor } from './cluster-table.ts'
import { describeInterop } from './interop-choice.ts'
import { files, type Tool, type ToolCall } from './kafka-tools/calls.ts'
import { allTools, kafkaToolsTable } from './kafka-tools/kafka-tools-table.ts'
import { kafkaToolsVersion, prepareKafkaTools, ToolRunner } from './kafka-tools/tool-runner.ts'
import { Results } from './results.ts'

const requiresAll: boolean = process.env['PABAL_REQUIRE_ALL'] === '1'
const prepareMsMax = 600_000
const external: string | undefined = process.env['PABAL_TEST_KAFKA']

describeInterop("Kafka's own tools", { language: 'java', own: 'kafka-tools' }, () => {
  const results = new Results(tableFor(kafkaToolsTable))
  let broker: TestBroker | undefined
  let runner: ToolRunner
  let folder: string
  before(
    async () => {
      const prepared = await prepareKafkaTools()
      if ('missing' in prepared) throw new Error(`missing: ${prepared.missing}`)
      runner = new ToolRunner(prepared.command, prepared.args)
      if (external === undefined) broker = await TestBroker.start(['--kafka-port', '0'])
      folder = mkdtempSync(join(tmpdir(), 'pabal-tools-'))
      for (const [name, content] of Object.entries(files)) {
        const text = typeof content === 'string' ? content : JSON.stringify(content)
        writeFileSync(join(folder, name), text)
      }
    },
    { timeout: prepareMsMax },
  )
  after(async () => {
    await runner?.[Symbol.asyncDispose]()
    await broker?.[Symbol.asyncDispose]()
    if (folder) rmSync(folder, { recursive: true })
    if (!requiresAll && external === undefined) results.write()
  })

  for (const tool of allTools)
    for (const call of tool.calls)
      it(`${tool.name}: ${call.step}`, async () => {
        const known = { name: tool.name, version: kafkaToolsVersion() }
        results.add(known, call.step, 'fails')
        await check(tool, call)
        results.add(known, call.step, 'works')
      })

  async function check({ main }: Tool, call: ToolCall): Promise<void> {
    const { args, input, says, lacks, fails } = call
    const server = external ?? `127.0.0.1:${broker?.kafkaPort}`
    const own = args
      .split(' ')
      .filter((word) => word !== '')
      .map((word) => word.replace('FOLDER', folder).replace('SERVER', server))
    const all = args.includes('SERVER') ? own : ['--bootstrap-server', server, ...own]
    const { code, output } = await runner.call(main, all, input)
    const lines = output.split('\n').filter((line) => !line.startsWith('SLF4J'))
    const text = lines.join('\n').trim()
    const [json] = /^\{.*\}$/m.exec(text) ?? []
    if (call.saves !== undefined) writeFileSync(join(folder, call.saves), json ?? '')
    if (lacks === undefined) assert.match(text, says ?? /^$/)
    else assert.ok(text.includes(lacks), text)
    assert.equal(code, fails === true ? 1 : 0)
  }

  if (requiresAll) it('docs/compatibility.md says what was seen', () => results.compare())
})
