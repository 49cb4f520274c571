// Transactions over the cells of three nodes, through clients that others wrote: librdkafka by the first version of the
// protocol while nodes are killed, Java by the second, and what administrators see and do at leaders.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { after, before, describe, test } from 'node:test'
import type { ApiMessages } from '../../src/codec/kafka/apis.gen.ts'
import { buildJava, preparePython, type Preparation } from '../interop/languages.ts'
import { runClient, type StepReport } from '../interop/run-client.ts'
import { ClusterUnderTest, slowMsMax } from '../support/cluster-under-test.ts'
import { KafkaRawClient } from '../support/kafka-raw-client.ts'
import { postgresMissing } from '../support/postgres/find-postgres.ts'
import type { TestBroker } from '../support/start-test-broker.ts'
import { waitFor } from '../support/wait-for.ts'
import type { Leaders } from '../transactions/checked-broker.ts'
import { Link } from '../transactions/link.ts'
import { createTopics } from '../transactions/read-all.ts'
import { RefusedError, TinyProducer } from '../transactions/tiny-producer.ts'

const names = ['n1', 'n2', 'n3']
const homeCell = 0

/** What became of the transactions of a program, and what can be read in the end. */
interface Told {
  readonly fates: Readonly<Record<string, 'committed' | 'aborted' | 'unknown'>>
  readonly values: readonly (readonly string[])[]
  readonly offset: number
}

describe('transactions on spread topics', { skip: postgresMissing() }, () => {
  let cluster: ClusterUnderTest
  const nodes = new Map<string, TestBroker>()

  before(async () => {
    cluster = await ClusterUnderTest.start()
    const flags = ['--kafka-spread', 'true']
    const started = names.map(async (name) => nodes.set(name, await cluster.startNode(name, flags)))
    await Promise.all(started)
    await cluster.waitForCounts({ n1: 2, n2: 2, n3: 2 })
  })

  after(async () => {
    await cluster?.[Symbol.asyncDispose]()
  })

  const addresses = (): string =>
    [...nodes.values()].map(({ kafkaPort }) => `127.0.0.1:${kafkaPort}`).join(',')

  const homeAndOther = async (): Promise<[home: string, other: string]> => {
    const home = await waitFor('a home', () => cluster.ownerOf(homeCell), slowMsMax)
    return [home, names.find((name) => name !== home)!]
  }

  test('of librdkafka are whole, in all partitions and with the group, whichever node is killed', async (context) => {
    const prepared = await preparePython('confluent_kafka_killed_transactions.py')
    if ('missing' in prepared) return skipOr(context, prepared)
    await using program = new Program(prepared, addresses())
    const [home, other] = await homeAndOther()
    let committed = 0
    for (const victim of [other, home]) {
      committed = await program.untilCommitted(committed + 5)
      await nodes.get(victim)!.kill()
      const isReplaced = async (): Promise<boolean> => {
        const owners = [...(await cluster.owners()).values()]
        return owners.length === 6 && !owners.includes(victim)
      }
      await waitFor('others have its cells', isReplaced, slowMsMax)
      await checkLate(nodes, victim)
      // It would wait for good for a coordinator that is among the brokers no more.
      committed = await program.untilCommitted(committed + 5)
      await nodes.get(victim)!.restart(slowMsMax)
      committed = await program.untilCommitted(committed + 5)
    }
    const told = await program.finish()
    checkWhole(told)
    assert.ok(Object.values(told.fates).filter((fate) => fate === 'committed').length >= 20)
  })

  test('of Java, by the second version of the protocol, commit, abort, fence and have offsets', async (context) => {
    const prepared = await buildJava('interop.KafkaTransactions')
    if ('missing' in prepared) return skipOr(context, prepared)
    const [, other] = await homeAndOther()
    const address = `127.0.0.1:${nodes.get(other)!.kafkaPort}`
    const run = await runClient(prepared.command, [...prepared.args, address, 'java'], prepared.env)
    const expected = {
      'commit transactions': { committed: ['0-0', '0-1', '2-0', '2-1', '3-0', '3-1'], all: 8 },
      'fence a producer': { fenced: true, committed: ['alive'] },
      'offsets in a transaction': { offsets: [5, 5, 7] },
    }
    for (const [name, result] of Object.entries(expected)) {
      const report = run.reports.get(name)
      assert.deepEqual([name, report?.error, report?.result], [name, undefined, result], run.ending)
    }
  })

  test('are shown by who leads their partitions, and aborted there as a whole', async () => {
    const [home] = await homeAndOther()
    const port = nodes.get(home)!.kafkaPort
    await using client = await KafkaRawClient.connect(port)
    const leaders = await leadersOf(client, 'shown')
    const links = { port: () => port, amqpPort: () => 0, leaders, answered: 0, onSent: undefined }
    await using link = new Link(links)
    await createTopics(link, ['shown'], 6)
    const producer = new TinyProducer(link, 'hanging', 2)
    await producer.init(60_000)
    for (let partition = 0; partition < 6; partition++) await producer.send('shown', partition, 'x')
    const described = await client.call('describeTransactions', { transactionalIds: ['hanging'] })
    const [state] = described.transactionStates
    assert.equal(state?.transactionState, 'Ongoing')
    assert.deepEqual(state.topics[0]?.partitions.toSorted(), [0, 1, 2, 3, 4, 5])
    const { producerId } = state
    for (let partition = 0; partition < 6; partition++) {
      assert.equal(await openedIn(leaders, partition, producerId), 0, `partition ${partition}`)
    }
    const shown = await fetch(
      `http://127.0.0.1:${nodes.get(home)!.httpPort}/api/v1/transactions/hanging`,
      { headers: { authorization: `Basic ${btoa('guest:guest')}` } },
    )
    const { partition_list: parts } = (await shown.json()) as {
      partition_list: readonly Readonly<Record<string, number>>[]
    }
    assert.deepEqual(
      parts.map(({ first_offset, held_back, end }) => [first_offset, held_back, end]),
      Array.from({ length: 6 }, () => [0, 1, 1]),
    )
    await using leader = await KafkaRawClient.connect(await leaders.portOf('shown', 1))
    const topics = [{ name: 'shown', partitionIndexes: [1] }]
    const marker = { producerId, producerEpoch: state.producerEpoch, coordinatorEpoch: 0 }
    const asked = { ...marker, transactionResult: false, transactionVersion: 0, topics }
    const written = await leader.call('writeTxnMarkers', { markers: [asked] }, 1)
    assert.equal(written.markers[0]?.topics[0]?.partitions[0]?.errorCode, 0)
    for (let partition = 0; partition < 6; partition++) {
      assert.equal(await openedIn(leaders, partition, producerId), -1, `partition ${partition}`)
    }
    await assert.rejects(producer.end(true), RefusedError)
  })
})

/** Who asks for topics is told of the lost node for a while, who asks for brokers is not. */
async function checkLate(nodes: ReadonlyMap<string, TestBroker>, lost: string): Promise<void> {
  const [, other] = [...nodes].find(([name]) => name !== lost)!
  const lostPort = nodes.get(lost)!.kafkaPort
  const ask = async (): Promise<readonly (readonly number[])[] | undefined> => {
    try {
      await using client = await KafkaRawClient.connect(other.kafkaPort)
      return [await portsIn(client, [{ name: 'any' }]), await portsIn(client, [])]
    } catch {
      // Its connections end with the cell that they belong to, and cells are still on their way.
      return undefined
    }
  }
  const [told = [], others = []] = await waitFor('brokers are told', ask, slowMsMax)
  assert.ok(told.includes(lostPort))
  assert.ok(!others.includes(lostPort))
}

async function portsIn(client: KafkaRawClient, topics: readonly object[]): Promise<number[]> {
  const request = { topics, allowAutoTopicCreation: false } as never
  const { brokers } = await client.call('metadata', request, 9)
  return brokers.map(({ port }) => port)
}

/** The first offset of what a producer has open in a partition, as its leader says; -1 without it. */
async function openedIn(leaders: Leaders, partition: number, producerId: number): Promise<number> {
  await using client = await KafkaRawClient.connect(await leaders.portOf('shown', partition))
  const answer = await client.call('describeProducers', {
    topics: [{ name: 'shown', partitionIndexes: [partition] }],
  })
  const [found] = answer.topics[0]!.partitions
  assert.equal(found?.errorCode, 0)
  const producer = found.activeProducers.find((each) => each.producerId === producerId)
  return producer?.currentTxnStartOffset ?? -2
}

/** Of a cluster in which nothing moves. */
async function leadersOf(client: KafkaRawClient, topic: string): Promise<Leaders> {
  const ask = (): Promise<ApiMessages['metadata']['response']> =>
    client.call(
      'metadata',
      { topics: [{ name: topic }], allowAutoTopicCreation: false } as never,
      9,
    )
  return {
    async portOf(_topic, partition) {
      const { brokers, topics } = await ask()
      const { leaderId } = topics[0]!.partitions.find((each) => each.partitionIndex === partition)!
      const broker = brokers.find(({ nodeId }) => nodeId === leaderId)
      assert.ok(broker, `nobody leads partition ${partition}`)
      return broker.port
    },
    forget: () => undefined,
  }
}

/** All that was committed is in each partition, once and in order, and nothing else is. */
function checkWhole({ fates, values, offset }: Told): void {
  const [first = []] = values
  for (const [partition, own] of values.entries()) assert.deepEqual(own, first, `in ${partition}`)
  const numbers = first.map(Number)
  assert.deepEqual(
    numbers,
    [...new Set(numbers)].toSorted((a, b) => a - b),
  )
  const shown = new Set(first)
  for (const [value, fate] of Object.entries(fates)) {
    if (fate !== 'unknown') assert.equal(shown.has(value), fate === 'committed', `${fate} ${value}`)
  }
  assert.ok(first.every((value) => fates[value] !== undefined))
  const committed = Object.values(fates).filter((fate) => fate === 'committed').length
  const unknown = Object.values(fates).filter((fate) => fate === 'unknown').length
  assert.ok(offset >= committed && offset <= committed + unknown, `the offset is ${offset}`)
}

/** A program that says how many transactions it has committed, until it is told to finish. */
class Program implements AsyncDisposable {
  readonly #child
  readonly #ended: Promise<unknown>
  #committed = 0
  #report: StepReport | undefined
  #errors = ''

  constructor(prepared: Exclude<Preparation, { missing: string }>, brokers: string) {
    this.#child = spawn(prepared.command, [...prepared.args, brokers, 'spread'], {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...process.env, ...prepared.env },
    })
    this.#ended = once(this.#child, 'close')
    this.#child.stderr.on('data', (chunk: Buffer) => (this.#errors += chunk.toString()))
    createInterface(this.#child.stdout).on('line', (line) => {
      if (line.startsWith('{')) this.#report = JSON.parse(line) as StepReport
      else this.#committed = Number(line)
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.#ended
  }

  async untilCommitted(count: number): Promise<number> {
    const isThere = (): boolean => {
      assert.equal(this.#report?.error, undefined)
      assert.equal(this.#child.exitCode, null, this.#errors)
      return this.#committed >= count
    }
    await waitFor(`${count} transactions`, isThere, 2 * slowMsMax)
    return this.#committed
  }

  async finish(): Promise<Told> {
    this.#child.stdin.end()
    await this.#ended
    assert.ok(this.#report, this.#errors)
    assert.equal(this.#report.error, undefined)
    return this.#report.result as Told
  }
}

function skipOr(context: { skip(text: string): void }, { missing }: { missing: string }): void {
  assert.notEqual(process.env['PABAL_REQUIRE_ALL'], '1', `missing: ${missing}`)
  context.skip(`missing: ${missing}`)
}
