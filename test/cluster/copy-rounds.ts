// npm run check:copying: a client of others' copies a topic in transactions from a cluster of three nodes, and the node
// that has the home of topics is frozen or killed again and again. No call may last for good, and each record is copied
// once; or a client takes records by a share group, and none that was acknowledged may come again.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import {
  buildGo,
  buildJava,
  buildJavaOfKafka3,
  preparePython,
  type Preparation,
} from '../interop/languages.ts'
import { type ClientRun, runClient } from '../interop/run-client.ts'
import { ClusterUnderTest, slowMsMax } from '../support/cluster-under-test.ts'
import type { TestBroker } from '../support/start-test-broker.ts'
import { waitFor } from '../support/wait-for.ts'
import { CopyProgram } from './copy-program.ts'

const usage = `npm run check:copying -- [--client librdkafka|java|java-3|franz|share] [--victim home|leader] [--rounds 20] [--how kill,freeze] [--log FOLDER]
  --client   who copies; java-3 has transactions of version 1; share does not copy and takes records by a share group
  --victim   the node that has the home, or one that has not and leads partitions
  --how      what is done to the node, in turn: kill (-9, started again at the end of the round), freeze (8 s)
  --settings more settings of librdkafka's producer, as JSON
  --log      where to write what librdkafka says, a file for each round (with --debug eos,broker,protocol,msg)`

const clients: Readonly<Record<string, () => Promise<Preparation>>> = {
  librdkafka: () => preparePython('confluent_kafka_copying.py'),
  java: () => buildJava('interop.KafkaCopying'),
  'java-3': () => buildJavaOfKafka3('interop.KafkaCopying'),
  franz: () => buildGo('franz-copying'),
  share: () => buildJava('interop.KafkaSharing'),
}
const names = ['n1', 'n2', 'n3']
const homeCell = 0
const frozenMs = 8000
/** Programs say so of calls that take 45 s. */
const goOnMsMax = 75_000

type Program = Exclude<Preparation, { missing: string }>

interface Round {
  readonly number: number
  readonly how: string
  readonly cluster: ClusterUnderTest
  readonly nodes: ReadonlyMap<string, TestBroker>
  readonly program: CopyProgram
}

const { values: options } = parseArgs({
  options: {
    client: { type: 'string', default: 'librdkafka' },
    victim: { type: 'string', default: 'home' },
    rounds: { type: 'string', default: '20' },
    how: { type: 'string', default: 'kill,freeze' },
    log: { type: 'string' },
    debug: { type: 'string', default: 'eos,broker,protocol' },
    settings: { type: 'string', default: '' },
    help: { type: 'boolean', default: false },
  },
})

if (options.help) process.stdout.write(`${usage}\n`)
else if (!(await main())) process.exitCode = 1

function say(text: string): void {
  process.stdout.write(`${new Date().toISOString()} ${text}\n`)
}

async function prepare(what: (() => Promise<Preparation>) | undefined): Promise<Program> {
  const prepared = await what?.()
  if (prepared === undefined) throw new Error(usage)
  if ('missing' in prepared) throw new Error(`missing: ${prepared.missing}`)
  return prepared
}

/** Nothing is told where nobody keeps it. */
function debugOf({ log, debug }: Pick<typeof options, 'log' | 'debug'>): string {
  return log === undefined ? '' : debug
}

/** Whether all was well. */
async function main(): Promise<boolean> {
  const copier = await prepare(clients[options.client])
  const python = await prepare(clients['librdkafka'])
  if (options.log !== undefined) mkdirSync(options.log, { recursive: true })
  await using cluster = await ClusterUnderTest.start()
  const nodes = new Map<string, TestBroker>()
  const flags = ['--kafka-spread', 'true']
  const starting = names.map(async (name) => nodes.set(name, await cluster.startNode(name, flags)))
  await Promise.all(starting)
  await cluster.waitForCounts({ n1: 2, n2: 2, n3: 2 })
  const addresses = [...nodes.values()].map(({ kafkaPort }) => `127.0.0.1:${kafkaPort}`).join(',')
  say([...nodes].map(([name, { kafkaPort }]) => `${name} at ${kafkaPort}`).join(', '))
  const ask = (...mode: string[]): Promise<ClientRun> =>
    runClient(python.command, [...python.args, addresses, 'copied', ...mode], python.env)
  const isShared = options.client === 'share'
  await ask('feed', isShared ? '0' : '60000')
  const start = (): CopyProgram =>
    new CopyProgram(copier, {
      args: [addresses, 'copied', 'copy'],
      debug: debugOf(options),
      settings: options.settings,
      say,
    })
  let program = start()
  let hangCount = 0
  const hows = options.how.split(',')
  for (let number = 0; number < Number(options.rounds); number++) {
    if (!(await program.hasCommitted(10, slowMsMax))) throw new Error('the client does not begin')
    const round = { number, how: hows[number % hows.length]!, cluster, nodes, program }
    if (await goesOn(round)) continue
    hangCount++
    program.kill()
    program = start()
  }
  await program.finish()
  say(`${hangCount} of ${options.rounds} rounds hang; ${program.last}`)
  const isRight = isShared ? isAllShared(program.last) : isAllCopied(await ask('check'))
  return hangCount === 0 && isRight
}

function isAllShared(last: string): boolean {
  const { result } = JSON.parse(last) as { result?: { missing: number; again: number } }
  return result?.missing === 0 && result.again === 0
}

function isAllCopied({ reports, ending }: ClientRun): boolean {
  say(`check: ${JSON.stringify(reports.get('check') ?? ending)}`)
  const { wrong } = (reports.get('check')?.result ?? {}) as { wrong?: readonly number[] }
  return wrong?.length === 0
}

async function goesOn({ number, how, cluster, nodes, program }: Round): Promise<boolean> {
  const home = await waitFor('a home', () => cluster.ownerOf(homeCell), slowMsMax)
  const name = options.victim === 'home' ? home : names.find((each) => each !== home)!
  const victim = nodes.get(name)!
  if (options.log !== undefined) program.logTo(join(options.log, `round-${number}.log`))
  say(`round ${number}: ${how} ${name} after ${program.committed} transactions`)
  const begun = performance.now()
  if (how === 'kill') await victim.kill()
  else {
    process.kill(victim.pid!, 'SIGSTOP')
    await delay(frozenMs)
    process.kill(victim.pid!, 'SIGCONT')
  }
  const isGoingOn = await program.hasCommitted(10, goOnMsMax)
  const seconds = ((performance.now() - begun) / 1000).toFixed(1)
  say(`round ${number}: ${isGoingOn ? 'goes on' : 'HANGS'} after ${seconds} s`)
  if (how === 'kill') await victim.restart(slowMsMax)
  await cluster.forgetCrashes()
  await cluster.waitForCounts({ n1: 2, n2: 2, n3: 2 })
  return isGoingOn
}
