// Kafka Connect in distributed mode with its connectors for files: node connect.ts HOST:PORT PREFIX

import { appendFileSync, existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { prefix, range, step } from '../../node/report.ts'
import { ConnectWorker, type Settings } from './connect-worker.ts'
import { missingAndDoubled, send, settingOf, valuesOf } from './kafka-side.ts'

const group = `${prefix}-connect`
const topics = { source: `${prefix}-lines`, sink: `${prefix}-sunk`, shared: `${prefix}-shared` }
const lines = (from: number, to: number): string[] =>
  range(to - from).map((n) => `line ${from + n}`)

await using worker = await ConnectWorker.start(group)
const files = {
  source: join(worker.folder, 'source.txt'),
  sink: join(worker.folder, 'sink.txt'),
}
const source: Settings = {
  'connector.class': 'org.apache.kafka.connect.file.FileStreamSourceConnector',
  file: files.source,
  topic: topics.source,
}

function append(file: string, values: readonly string[]): void {
  appendFileSync(file, values.map((line) => `${line}\n`).join(''))
}

function sunk(): string[] {
  return existsSync(files.sink) ? readFileSync(files.sink, 'utf8').trim().split('\n') : []
}

async function untilThere(wanted: readonly string[]): Promise<string[]> {
  return worker.process.until('all lines are in the topic', async () => {
    const values = await valuesOf(topics.source)
    return missingAndDoubled(wanted, values).missing === 0 && values
  })
}

await step('internal topics', async () => ({
  configs: await settingOf(`${group}-configs`, 'cleanup.policy'),
  offsets: await settingOf(`${group}-offsets`, 'cleanup.policy'),
  status: await settingOf(`${group}-status`, 'cleanup.policy'),
}))

await step('source', async () => {
  append(files.source, lines(0, 100))
  await worker.deploy('source', source)
  return missingAndDoubled(lines(0, 100), await untilThere(lines(0, 100)))
})

await step('sink', async () => {
  await worker.deploy('sink', {
    'connector.class': 'org.apache.kafka.connect.file.FileStreamSinkConnector',
    file: files.sink,
    topics: topics.sink,
  })
  await send(
    topics.sink,
    lines(0, 100).map((value) => ({ value })),
  )
  const seen = await worker.process.until(
    'all records are in the file',
    () => missingAndDoubled(lines(0, 100), sunk()).missing === 0 && sunk(),
  )
  return missingAndDoubled(lines(0, 100), seen)
})

await step('pause, resume', async () => {
  await worker.askUntilAgreed('PUT', '/connectors/source/pause')
  await worker.process.until('it is paused', async () => {
    const status = await worker.statusOf('source')
    return status?.tasks[0]?.state === 'PAUSED'
  })
  await worker.askUntilAgreed('PUT', '/connectors/source/resume')
  await worker.untilRuns('source')
  append(files.source, lines(100, 120))
  await untilThere(lines(0, 120))
  return {}
})

await step('killed and started again', async () => {
  await worker.kill()
  append(files.source, lines(120, 200))
  await worker.restart()
  await worker.untilRuns('source')
  const { missing } = missingAndDoubled(lines(0, 200), await untilThere(lines(0, 200)))
  return { missing, connectors: await worker.ask('GET', '/connectors').then(sortedNames) }
})

await step('a second worker shares the tasks', async () => {
  await using second = await ConnectWorker.start(group)
  const workers = await worker.process.until('both have connectors', async () => {
    const all = [await worker.statusOf('source'), await worker.statusOf('sink')]
    const ids = all.flatMap((status) => status?.tasks.map(({ worker_id }) => worker_id) ?? [])
    return new Set(ids).size === 2 && ids
  })
  const connectors = await second.ask('GET', '/connectors').then(sortedNames)
  return { workers: new Set(workers).size, connectors }
})

await step('offsets are shown, set back and deleted', async () => {
  await worker.process.until('one worker has all tasks again', async () => {
    const status = await worker.statusOf('source')
    return status?.tasks[0]?.worker_id === `127.0.0.1:${worker.port}`
  })
  await worker.untilRuns('source')
  await worker.askUntilAgreed('PUT', '/connectors/source/stop')
  await worker.process.until('it has no tasks', async () => {
    const status = await worker.statusOf('source')
    return status?.tasks.length === 0
  })
  const before = (await worker.askUntilAgreed('GET', '/connectors/source/offsets')) as Offsets
  const partition = { filename: files.source }
  const shown = before.offsets[0]?.offset.position
  const again = { offsets: [{ partition, offset: { position: 0 } }] }
  await worker.askUntilAgreed('PATCH', '/connectors/source/offsets', again)
  await worker.askUntilAgreed('PUT', '/connectors/source/resume')
  await worker.process.until('the first line is there twice', async () => {
    const values = await valuesOf(topics.source)
    return values.filter((value) => value === 'line 0').length > 1
  })
  await worker.askUntilAgreed('PUT', '/connectors/source/stop')
  await worker.process.until('it is stopped', async () => {
    const status = await worker.statusOf('source')
    return status?.tasks.length === 0
  })
  await worker.askUntilAgreed('DELETE', '/connectors/source/offsets')
  const after = (await worker.askUntilAgreed('GET', '/connectors/source/offsets')) as Offsets
  return { bytes: shown === readFileSync(files.source).length, after: after.offsets }
})

await step('delete', async () => {
  await worker.ask('DELETE', '/connectors/source')
  await worker.ask('DELETE', '/connectors/sink')
  const left = await worker.process.until('none is left', async () => {
    const names = (await worker.ask('GET', '/connectors')) as string[]
    return names.length === 0 && { left: names }
  })
  return left
})

interface Offsets {
  readonly offsets: readonly {
    readonly partition: unknown
    readonly offset: { readonly position: number }
  }[]
}

function sortedNames(names: unknown): string[] {
  return (names as string[]).toSorted()
}
