// kcat (librdkafka from the command line) against a Kafka broker: node kcat.ts HOST:PORT PREFIX

import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { broker, checkBatches, once, prefix, range, step } from './report.ts'

const codecs: Readonly<Record<string, string>> = {
  uncompressed: 'none',
  gzip: 'gzip',
  snappy: 'snappy',
  lz4: 'lz4',
  zstd: 'zstd',
}
const names = ['main', 'resume', 'odd', 'times'].map((name) => `${prefix}-${name}`)
const [main, resume, odd, times] = names as [string, string, string, string]
const large = Buffer.alloc(921_600, 'large record ')

interface Output {
  readonly code: number | string
  readonly stdout: string
  readonly stderr: string
}

/** Runs kcat with `input` on its stdin. */
async function run(args: readonly string[], input = ''): Promise<Output> {
  const limits = { timeout: 30_000, maxBuffer: 16 * 1024 * 1024 }
  return new Promise((resolve) => {
    const child = execFile('kcat', ['-b', broker, ...args], limits, (error, stdout, stderr) =>
      resolve({ code: error?.code ?? (error ? 1 : 0), stdout, stderr }),
    )
    // It may end before it has read anything; what it says of that counts.
    child.stdin?.on('error', () => undefined)
    child.stdin?.end(input)
  })
}

/** @throws Error with what kcat said when it fails. */
async function kcat(args: readonly string[], input = ''): Promise<string> {
  const { code, stdout, stderr } = await run(args, input)
  if (code !== 0) throw new Error(`kcat ended with ${code}: ${stderr}`)
  return stdout
}

/** A line that kcat -J prints for a record. */
interface Line {
  readonly key: string | null
  readonly payload: string | null
  readonly headers?: readonly (string | null)[]
}

const lines = (output: string): Line[] =>
  output
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Line)

/** Takes `count` records as a member of a group, which commits when it leaves. */
async function take(group: string, topic: string, count: number): Promise<Line[]> {
  const session = ['-X', 'session.timeout.ms=10000', '-X', 'auto.offset.reset=earliest']
  return lines(await kcat(['-G', group, '-c', String(count), '-J', ...session, topic]))
}

async function logEnds(topic: string): Promise<{ low: number; high: number }> {
  const ask = async (time: number): Promise<number> => {
    const answer = await kcat(['-Q', '-t', `${topic}:0:${time}`])
    return Number(/offset (-?\d+)/.exec(answer)?.[1])
  }
  return { low: await ask(-2), high: await ask(-1) }
}

const inLines = (values: readonly string[]): string => `${values.join('\n')}\n`

async function errorCode(args: readonly string[]): Promise<object> {
  const { stdout, stderr } = await run(args)
  const words = { 3: /Unknown topic or partition/, 10: /Message size too large/ }
  for (const [code, pattern] of Object.entries(words))
    if (pattern.test(stdout + stderr)) return { code: Number(code) }
  throw new Error(`no error: ${stdout}${stderr}`)
}

async function partitionCount(topic: string): Promise<number | undefined> {
  const answer = JSON.parse(await kcat(['-L', '-J', '-t', topic])) as {
    topics: { partitions: unknown[] }[]
  }
  return answer.topics[0]?.partitions.length
}

async function produceSteps(): Promise<void> {
  await step('unknown topic', () =>
    errorCode(['-L', '-t', `${prefix}-absent`, '-X', 'allow.auto.create.topics=false']),
  )
  await step('auto-create topic', async () => {
    await kcat(['-P', '-t', `${prefix}-auto`], 'x')
    return { partitions: await partitionCount(`${prefix}-auto`) }
  })
  for (const [codec, name] of Object.entries(codecs))
    await step(`produce ${codec}`, async () => {
      const records = range(12).map((n) => `k${n % 4}:${codec}-${n}`)
      await kcat(['-P', '-t', main, '-K:', '-z', name], inLines(records))
      return { records: records.length }
    })
  await step('idempotent producer', async () => {
    const records = range(20).map((n) => `r-${n}`)
    await kcat(['-P', '-t', resume, '-X', 'enable.idempotence=true'], inLines(records))
    return { records: (await logEnds(resume)).high }
  })
  await step('too large record', () =>
    withFile(Buffer.alloc(2_000_000), (file) =>
      errorCode(['-P', '-t', odd, '-X', 'message.max.bytes=10000000', file]),
    ),
  )
}

async function withFile<T>(content: Buffer, use: (file: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'pabal-kcat-'))
  try {
    const file = join(folder, 'value')
    await writeFile(file, content)
    return await use(file)
  } finally {
    await rm(folder, { recursive: true })
  }
}

async function groupSteps(): Promise<void> {
  await step('consume in a group', async () => {
    const taken = await take(`${prefix}-all`, main, 12 * Object.keys(codecs).length)
    const seen = taken.map(({ key, payload }) => ({ key, value: payload }))
    return checkBatches(Object.keys(codecs), seen)
  })
  await step('resume after commit', async () => {
    await take(`${prefix}-resume`, resume, 10)
    const rest = await take(`${prefix}-resume`, resume, 10)
    return { first: rest[0]?.payload, records: rest.length }
  })
}

const readOdd = once(async () => {
  const headers = ['text=text', 'empty=', 'null', 'twice=1', 'twice=2']
  await kcat(['-P', '-t', odd, '-K:', ...headers.flatMap((h) => ['-H', h])], 'headers:h\n')
  await kcat(['-P', '-t', odd, '-K:', '-Z'], 'gone:\n')
  await kcat(['-P', '-t', odd], 'keyless\n')
  await withFile(large, (file) => kcat(['-P', '-t', odd, '-k', 'large', file]))
  const taken = lines(await kcat(['-C', '-t', odd, '-e', '-q', '-J']))
  return (key: string | null): Line => taken.find((line) => line.key === key)!
})

/** Values of a header, whose key and value kcat prints one after the other. */
async function headerValues(key: string): Promise<(string | null | undefined)[]> {
  const { headers = [] } = (await readOdd())('headers')
  return headers.flatMap((name, n) => (n % 2 === 0 && name === key ? [headers[n + 1]] : []))
}

async function recordSteps(): Promise<void> {
  await step('null header', async () => ({ value: (await headerValues('null'))[0] }))
  await step('repeated header', async () => ({ values: await headerValues('twice') }))
  await step('tombstone', async () => {
    const { key, payload } = (await readOdd())('gone')
    return { key, value: payload }
  })
  await step('null key', async () => {
    const { key, payload } = (await readOdd())(null)
    return { key, value: payload }
  })
  await step('large record', async () => {
    const { payload } = (await readOdd())('large')
    return { bytes: payload?.length, same: payload === large.toString() }
  })
  await step('log ends', async () => {
    await kcat(['-P', '-t', times], inLines(range(10).map(String)))
    return logEnds(times)
  })
  await step('list topics', async () => {
    const { topics } = JSON.parse(await kcat(['-L', '-J'])) as { topics: { topic: string }[] }
    return { found: topics.some(({ topic }) => topic === main) }
  })
}

await produceSteps()
await groupSteps()
await recordSteps()
