// Prometheus's own parsers, by a Go program: of what the broker shows in each format, of the rules for alerts,
// and of the queries of the dashboard. Runs where the Go clients of interop.test.ts run.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, it } from 'node:test'
import { type RunningBroker, startBroker } from '../../src/start-broker.ts'
import { otherPortsOff } from '../support/other-ports-off.ts'
import { RawClient } from '../support/raw-client.ts'
import { describeInterop } from './interop-choice.ts'
import { buildGo } from './languages.ts'

const deploy: string = join(import.meta.dirname, '../../deploy')
const buildMsMax = 600_000

/** Names of queues, of which the last is no UTF-8. */
const hostile = ['"', '\\', 'a\\"b', '{x="y"} 1', '# EOF', ',', '\u2028', '🐇', '\u0000', '\udcff']

interface Scraped {
  readonly samples: number
  readonly duplicates: readonly string[]
  readonly labels: Readonly<Record<string, readonly string[]>>
}

describeInterop("Prometheus's parsers", { language: 'go', own: 'prometheus' }, () => {
  let command = ''
  let broker: RunningBroker
  before(
    async () => {
      const prepared = await buildGo('metrics')
      if ('missing' in prepared) throw new Error(`missing: ${prepared.missing}`)
      ;({ command } = prepared)
      const ports = {
        ...otherPortsOff,
        amqpPort: 0,
        kafkaPort: 0,
        httpPort: 'off',
        metricsPort: 0,
      } as const
      broker = await startBroker({ storage: 'memory', ...ports })
      const port = broker.addresses['amqp']?.port ?? 0
      await using raw = await RawClient.openChannel(port)
      for (const queue of hostile) await raw.call(1, 'queue.declare', { queue, durable: true })
    },
    { timeout: buildMsMax },
  )
  after(async () => {
    await broker?.close()
  })

  async function read(what: string, input: string): Promise<unknown> {
    const { promise, resolve, reject } = Promise.withResolvers<string>()
    const child = execFile(command, [what], (error, stdout, stderr) =>
      error === null ? resolve(stdout) : reject(new Error(stderr)),
    )
    child.stdin?.end(input)
    return JSON.parse(await promise)
  }

  async function textOf(path: string, accept = 'text/plain'): Promise<string> {
    const url = `http://127.0.0.1:${broker.addresses['metrics']?.port}${path}`
    return (await fetch(url, { headers: { accept } })).text()
  }

  for (const path of [
    '/metrics',
    '/metrics/per-object',
    '/metrics/memory-breakdown',
    '/metrics/detailed?family=queue_coarse_metrics&family=exchange_bindings&family=pabal_queue_metrics',
  ]) {
    it(`read ${path}`, async () => {
      const text = await textOf(path)
      const count = text.split('\n').filter((line) => line !== '' && !line.startsWith('#')).length
      const { families } = (await read('text', text)) as { readonly families: number }
      assert.ok(families > 2)
      const open = await textOf(path, 'application/openmetrics-text')
      for (const [what, scraped] of [
        ['scrape', text],
        ['openmetrics', open],
      ] as const) {
        const { samples, duplicates } = (await read(what, scraped)) as Scraped
        assert.ok(Math.abs(samples - count) <= hostile.length, what)
        assert.deepEqual(duplicates, [], what)
      }
    })
  }

  it('would notice what cannot be read', async () => {
    await assert.rejects(read('text', 'a{b="c} 1\n'))
    await assert.rejects(read('openmetrics', 'a 1\n'))
  })

  it('read the rules for alerts', async () => {
    const text = readFileSync(join(deploy, 'prometheus/alerts.yaml'), 'utf8')
    assert.ok(((await read('rules', text)) as readonly string[]).includes('PabalDown'))
  })

  it('read the queries of the dashboard, whose labels there are', async () => {
    const { panels } = JSON.parse(readFileSync(join(deploy, 'grafana/pabal.json'), 'utf8')) as {
      readonly panels: readonly { readonly targets?: readonly { readonly expr: string }[] }[]
    }
    const queries = panels
      .flatMap(({ targets = [] }) => targets)
      .map(({ expr }) => expr.replaceAll('$__rate_interval', '1m'))
    const names = Object.values((await read('queries', JSON.stringify(queries))) as object).flat()
    assert.ok(names.includes('pabal_log_commit_seconds_bucket'))
  })
})
