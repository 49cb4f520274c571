// How long a cell is away when its owner is killed: with 10,000 sealed files, and with 1 GiB of messages waiting.
import { connect } from 'amqplib'
import { freePort } from '../../src/cli/cluster-dev/free-port.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { wait } from '../../src/lib/wait.ts'
import { waitFor, within } from '../../test/support/wait-for.ts'
import { type BenchNode, ClusterRig } from './cluster-rig.ts'
import { keepTable } from './cluster-table.ts'
import { publishMany, queue } from './publish-many.ts'

const KiB = 1024
const GiB = KiB ** 3
const fillMsMax = 600_000
const lookMs = 25
/** For one try. */
const tryMsMax = 2000

export type Kind = 'files' | 'waiting'

interface Takeover {
  /** From the kill to the claim of another node. */
  readonly claimedMs: number
  /** From the kill to the first confirm. */
  readonly confirmedMs: number
}

/** The first owner of a cell with so much in it. */
async function fill(rig: ClusterRig, kind: Kind, fileCount: number): Promise<BenchNode> {
  const free = { amqp: 0, kafka: 0 }
  if (kind === 'waiting') {
    const node = await rig.startNode('n0', free)
    await publishMany(node.amqpPort, { count: GiB / KiB, size: KiB, window: 2000 })
    return node
  }
  // Made by a broker on its own disk, which is sooner done.
  await rig.importFolder(async (port, countFiles) => {
    while (countFiles() < fileCount) {
      await publishMany(port, { count: 5000, size: KiB, window: 8 })
    }
  })
  return rig.startNode('n0', free, true)
}

async function sealedFiles(rig: ClusterRig): Promise<number> {
  return Number(await rig.postgres.run('SELECT count(*) FROM pabal.files'))
}

/** Nothing waits to be an object, as far as that goes: the measurement is about files. */
async function settle(rig: ClusterRig): Promise<void> {
  let before = -1
  await waitFor(
    'complete files are objects',
    async () => {
      const now = await sealedFiles(rig)
      const isSame = now === before
      before = now
      await wait(systemClock, 2000)
      return isSame
    },
    fillMsMax,
  )
}

async function epochOf(rig: ClusterRig): Promise<number> {
  return Number(await rig.postgres.run('SELECT epoch FROM pabal.cells WHERE cell = 0'))
}

async function takeOver(rig: ClusterRig, owner: BenchNode, port: number): Promise<Takeover> {
  const epoch = await epochOf(rig)
  const begun = performance.now()
  await owner.kill()
  const claimed = (async (): Promise<number> => {
    while ((await epochOf(rig)) === epoch) await wait(systemClock, lookMs)
    return performance.now() - begun
  })()
  while (!(await isConfirmed(port))) await wait(systemClock, lookMs)
  return { confirmedMs: performance.now() - begun, claimedMs: await claimed }
}

async function publishOne(port: number): Promise<true> {
  const connection = await connect(`amqp://guest:guest@127.0.0.1:${port}`, { timeout: tryMsMax })
  connection.on('error', () => undefined)
  const channel = await connection.createConfirmChannel()
  channel.on('error', () => undefined)
  channel.sendToQueue(queue, Buffer.from('x'), { persistent: true })
  await channel.waitForConfirms()
  await connection.close()
  return true
}

async function isConfirmed(port: number): Promise<boolean> {
  try {
    // A node keeps a client for a while whose owner is gone; this one would rather ask again.
    return await within('a confirm', publishOne(port), tryMsMax)
  } catch {
    return false
  }
}

/** Kills owners of such a cell so often. */
export async function measureTakeover(
  kind: Kind,
  runs: number,
  fileCount: number = 10_000,
): Promise<void> {
  await using rig = await ClusterRig.open()
  const isTiny = kind === 'files'
  let owner = await fill(rig, kind, fileCount)
  await settle(rig)
  const files = await sealedFiles(rig)
  const takeovers: Takeover[] = []
  for (let run = 1; run <= runs; run++) {
    const port = await freePort()
    // It stands by, and is ready when it serves.
    const starting = rig.startNode(`n${run}`, { amqp: port, kafka: 0 }, isTiny)
    await wait(systemClock, 5000)
    takeovers.push(await takeOver(rig, owner, port))
    owner = await starting
    await rig.forgetCrashes()
  }
  const times = (pick: (takeover: Takeover) => number): string[] => {
    const sorted = takeovers.map(pick).toSorted((left, right) => left - right)
    const seconds = (at: number): string => `${((sorted[at] ?? 0) / 1000).toFixed(1)} s`
    return [seconds(Math.floor((sorted.length - 1) / 2)), seconds(sorted.length - 1)]
  }
  const what =
    kind === 'files'
      ? `${fileCount.toLocaleString('en')} sealed files`
      : '1 GiB of messages of 1 KiB waiting'
  keepTable(`takeover-${kind}`, {
    title: `Another node takes over a cell with ${what}`,
    text: `The owner is killed (-9) while another node stands by, whose machine has no copy of anything; ${runs} runs, each with another node. The cell has ${files.toLocaleString('en')} objects. Five seconds of it are the time to live. PostgreSQL and the S3 double are on the same machine.`,
    columns: ['from the kill', 'median', 'worst'],
    rows: [
      ['to the claim', ...times(({ claimedMs }) => claimedMs)],
      ['to the first confirm', ...times(({ confirmedMs }) => confirmedMs)],
      [
        'from the claim to the first confirm',
        ...times(({ confirmedMs, claimedMs }) => confirmedMs - claimedMs),
      ],
    ],
  })
}
