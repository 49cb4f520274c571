// Kafka Streams' word count, killed and started again: node streams.ts HOST:PORT PREFIX

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { broker, prefix, range, step } from '../../node/report.ts'
import { JavaProcess } from './java-process.ts'
import { administer, recordsOf, send, settingOf } from './kafka-side.ts'

const words: readonly string[] = range(20).map((n) => `word${n}`)
const LINES = 40
const KILLS = 3

type Guarantee = 'at_least_once' | 'exactly_once_v2'
type Counts = ReadonlyMap<string, readonly number[]>

/** One application with topics of its own. */
class WordCount implements AsyncDisposable {
  readonly id: string
  readonly topics: { readonly in: string; readonly out: string }
  readonly #guarantee: Guarantee
  readonly #folder: string = mkdtempSync(join(tmpdir(), 'pabal-streams-'))
  #process: JavaProcess
  #lines = 0

  private constructor(guarantee: Guarantee) {
    this.#guarantee = guarantee
    this.id = `${prefix}-${guarantee}`
    this.topics = { in: `${this.id}-in`, out: `${this.id}-out` }
    this.#process = this.#spawn()
  }

  static async start(guarantee: Guarantee): Promise<WordCount> {
    const topics = [`${prefix}-${guarantee}-in`, `${prefix}-${guarantee}-out`]
    await administer((admin) =>
      admin.createTopics({ topics: topics.map((topic) => ({ topic, numPartitions: 4 })) }),
    )
    return new WordCount(guarantee)
  }

  /** Each line has every word once; keys spread lines over partitions. */
  async write(count: number): Promise<void> {
    const lines = range(count).map((n) => ({
      key: `line ${this.#lines + n}`,
      value: words.join(' '),
    }))
    this.#lines += count
    await send(this.topics.in, lines)
  }

  /** All that the counts of each word were, in order. */
  async counts(): Promise<Counts> {
    const records = await recordsOf(this.topics.out)
    const byWord = Map.groupBy(records, ({ key }) => key ?? '')
    return new Map(
      Array.from(byWord, ([word, seen]) => [word, seen.map(({ value }) => Number(value))]),
    )
  }

  /** Waits until some of what was written is counted. */
  async untilSome(beyond: number): Promise<void> {
    await this.#process.until('some is counted', async () => total(await this.counts()) > beyond)
  }

  /** The counts, once each word's last one is what was written. */
  async untilAll(): Promise<Counts> {
    return this.#process.until('all is counted', async () => {
      const counts = await this.counts()
      return words.every((word) => (counts.get(word)?.at(-1) ?? 0) >= this.#lines) && counts
    })
  }

  async restart(): Promise<void> {
    await this.#process.kill()
    this.#process = this.#spawn()
  }

  stop(): Promise<number | null> {
    return this.#process.stop()
  }

  /** The state is to come back from the changelog. */
  async restartWithoutState(): Promise<void> {
    await this.#process.stop()
    rmSync(this.#folder, { recursive: true, force: true })
    this.#process = this.#spawn()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process.kill()
    rmSync(this.#folder, { recursive: true, force: true })
  }

  #spawn(): JavaProcess {
    const { in: from, out } = this.topics
    const args = [broker, this.id, from, out, this.#guarantee, this.#folder]
    return new JavaProcess(['interop.WordCount', ...args])
  }
}

function total(counts: Counts): number {
  return [...counts.values()].reduce((sum, seen) => sum + seen.length, 0)
}

/** Whether each word was counted 1, 2, 3 … without a gap or a repeat. */
function isExact(counts: Counts): boolean {
  return [...counts.values()].every((seen) => seen.every((count, index) => count === index + 1))
}

/** Written while the application is killed again and again. */
async function killAndCount(app: WordCount): Promise<Counts> {
  for (const kill of range(KILLS)) {
    const before = total(await app.counts())
    await app.write(LINES)
    await app.untilSome(before + kill)
    await app.restart()
  }
  return app.untilAll()
}

await step('at least once: killed and started again', async () => {
  await using app = await WordCount.start('at_least_once')
  await app.write(LINES)
  await app.untilAll()
  const counts = await killAndCount(app)
  return { words: counts.size, lost: words.some((word) => (counts.get(word)?.at(-1) ?? 0) < 160) }
})

await step('internal topics', async () => ({
  changelog: await internal('counts-changelog'),
  repartition: await internal('words-repartition'),
}))

function internal(suffix: string): Promise<string | undefined> {
  return settingOf(`${prefix}-at_least_once-${suffix}`, 'cleanup.policy')
}

await step('exactly once: killed and started again', async () => {
  await using app = await WordCount.start('exactly_once_v2')
  await app.write(LINES)
  const first = await app.untilAll()
  const counts = await killAndCount(app)
  return { words: counts.size, exact: isExact(first) && isExact(counts), counted: total(counts) }
})

await step('exactly once: state comes back from the changelog', async () => {
  await using app = await WordCount.start('exactly_once_v2')
  await app.untilAll()
  await app.restartWithoutState()
  await app.write(10)
  const counts = await app.untilAll()
  return { exact: isExact(counts) }
})
