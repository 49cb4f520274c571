// What the nemesis does to a cluster. Each fault is over when its function ends: what it broke works again, and who
// was ended runs again. It draws its details from the seed.
import { setTimeout as delay } from 'node:timers/promises'
import type { Random } from '../../src/lib/random.ts'
import { type DoubleHook, seededFaults } from '../../src/s3-double/double-faults.ts'
import type { TcpProxy } from '../support/postgres/tcp-proxy.ts'
import { waitFor } from '../support/wait-for.ts'
import type { RigNode } from './rig-node.ts'
import type { Rig } from './rig.ts'

export interface Fault {
  readonly what: string
  readonly strike: (rig: Rig, random: Random) => Promise<void>
}

/** A node whose heartbeats are not seen for five seconds has lost its cell. */
const pastLeaseMs = 6500
const replacedMsMax = 20_000

function between(random: Random, least: number, most: number): number {
  return least + random.below(most - least)
}

export const faults: Readonly<Record<string, Fault>> = {
  'kill-node': {
    what: 'the owner is killed, or stops',
    strike: async (rig, random) => {
      const owner = await rig.owner()
      await owner.end(random.next() < 0.75 ? 'SIGKILL' : 'SIGTERM')
      // The next one may have nothing but what PostgreSQL and the store have.
      if (random.next() < 0.5) owner.forgetFolder()
      await delay(random.below(1500))
      owner.start()
    },
  },
  'stop-node': {
    what: 'the owner stands still until another one has its cell, and wakes up',
    strike: async (rig, random) => {
      const owner = await rig.owner()
      owner.pause()
      await delay(pastLeaseMs)
      await waitFor(
        'another one has the cell',
        async () => (await rig.findOwner()) !== owner,
        replacedMsMax,
      )
      await delay(random.below(2000))
      owner.resume()
    },
  },
  'pause-node': {
    what: 'the owner stands still for less than anybody waits',
    strike: async (rig, random) => {
      const owner = await rig.owner()
      for (let count = 0; count < 3; count++) {
        owner.pause()
        await delay(between(random, 200, 4200))
        owner.resume()
        await delay(random.below(800))
      }
    },
  },
  'same-name': {
    what: 'another process is started with the owner’s name',
    strike: async (rig, random) => {
      const { twin } = rig
      const original = rig.nodes[0] as RigNode
      await ownBy(rig, original)
      twin.start()
      await waitFor('the older one ends', () => original.isGone, replacedMsMax).catch(
        () => undefined,
      )
      await delay(random.below(2000))
      await twin.end(random.next() < 0.5 ? 'SIGKILL' : 'SIGTERM')
      await original.end('SIGKILL')
      original.start()
    },
  },
  'join-node': {
    what: 'another node joins and gets its share, the owner may stop, and the one that joined is killed or stops',
    strike: async (rig, random) => {
      const { guest } = rig
      guest.start()
      const hasCells = async (): Promise<boolean> => (await rig.cellCountOf(guest)) > 0
      await waitFor('who joined has cells', hasCells, replacedMsMax)
      await delay(random.below(3000))
      if (random.next() < 0.5) {
        const owner = await rig.owner()
        await owner.end('SIGTERM')
        if (owner !== guest) owner.start()
        await rig.owner()
      }
      await guest.end(random.next() < 0.5 ? 'SIGKILL' : 'SIGTERM')
    },
  },
  'restart-postgres': {
    what: 'the primary is killed and comes back',
    strike: async ({ postgres }, random) => {
      await postgres.primary.kill()
      await delay(random.below(4000))
      await postgres.primary.startAgain()
    },
  },
  promote: {
    what: 'the primary is killed, or stands still, and the standby, which may be behind, is promoted',
    strike: async (rig, random) => {
      const { postgres } = rig
      const { primary, standby } = postgres
      const isBehind = random.next() < 0.6
      // One that only stands still has what is in its socket, and writes it when it wakes up.
      if (isBehind) await standby.kill()
      await delay(random.below(800))
      await (random.next() < 0.5 ? primary.kill() : primary.freeze())
      await delay(random.below(1000))
      if (isBehind) await standby.startAgain()
      await postgres.promote()
      await mayEndOwner(rig, random)
    },
  },
  backends: {
    what: 'connections of nodes are ended by the server, again and again',
    strike: async (rig, random) => {
      const { postgres } = rig
      for (let count = 0; count < 12; count++) {
        await postgres.ask(
          `SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = 'pabal'`,
        )
        await delay(random.below(400))
      }
      await mayEndOwner(rig, random)
    },
  },
  'cancel-waits': {
    what: 'the standby is away, waits for it are cancelled, and it may become the primary',
    strike: async (rig, random) => {
      const { postgres } = rig
      const { primary, standby } = postgres
      await standby.kill()
      const until = Date.now() + between(random, 1500, 3500)
      // A commit is hit once: whoever tries again begins with a session, which waits as well.
      const how = random.next() < 0.6 ? 'pg_cancel_backend' : 'pg_terminate_backend'
      while (Date.now() < until) {
        await primary.run(
          `SELECT count(${how}(pid)) FROM pg_stat_activity
            WHERE application_name = 'pabal' AND wait_event = 'SyncRep'`,
        )
        await delay(30)
      }
      const isLost = random.next() < 0.8
      if (isLost) await primary.kill()
      await standby.startAgain()
      if (isLost) await postgres.promote()
      await mayEndOwner(rig, random)
    },
  },
  'cut-postgres': {
    what: 'the owner is cut off from PostgreSQL',
    strike: async (rig, random) => {
      const { links } = await rig.owner()
      await cut(links.postgres, between(random, 1000, 9000), random)
    },
  },
  'cut-nodes': {
    what: 'nobody reaches the owner, and the owner reaches nobody',
    strike: async (rig, random) => {
      const owner = await rig.owner()
      // Clients that come to the others are passed on by one of these links.
      const links =
        random.next() < 0.5 ? [owner.links.nodes] : rig.nodes.map((node) => node.links.nodes)
      await cut(links, between(random, 1000, 6000), random)
    },
  },
  'cut-objects': {
    what: 'the owner is cut off from the store of objects',
    strike: async (rig, random) => {
      const { links } = await rig.owner()
      await cut([links.objects], between(random, 1000, 6000), random)
    },
  },
  'bad-objects': {
    what: 'the store of objects fails, cuts answers short, forgets and denies, also while a node takes over',
    strike: async (rig, random) => {
      await withObjects(rig, random, seededFaults(random, 0.2 + random.next() * 0.3))
    },
  },
  'short-objects': {
    what: 'the store of objects answers most gets with less than was asked for, also while a node takes over',
    strike: async (rig, random) => {
      const kind = random.next() < 0.7 ? 'short' : 'truncated'
      await withObjects(rig, random, mostly(random, 'get', kind))
    },
  },
  'empty-objects': {
    what: 'the store of objects takes most puts without their bytes, also while a node takes over',
    strike: async (rig, random) => {
      await withObjects(rig, random, mostly(random, 'put', 'empty'))
    },
  },
}

function mostly(
  random: Random,
  wanted: 'get' | 'put',
  kind: 'short' | 'truncated' | 'empty',
): DoubleHook {
  return (operation) => (operation === wanted && random.next() < 0.6 ? { kind } : undefined)
}

/** The store does so for a while, in which a node without anything of its own takes the cell. */
async function withObjects(rig: Rig, random: Random, hook: DoubleHook): Promise<void> {
  rig.objects.onRequest = hook
  await delay(between(random, 1500, 3000))
  // With all of them gone, nobody has a copy of anything.
  const ended = random.next() < 0.5 ? rig.nodes : [await rig.owner()]
  await Promise.all(ended.map((node) => node.end('SIGKILL')))
  for (const node of ended) {
    node.forgetFolder()
    node.start()
  }
  await delay(between(random, 6000, 8000))
  rig.objects.onRequest = () => undefined
}

/**
 * What was just written is the next one's to read, in some of the cases: the owner makes objects of what it has itself,
 * whatever became of the rows.
 */
async function mayEndOwner(rig: Rig, random: Random): Promise<void> {
  if (random.next() >= 0.4) return
  const owner = await rig.owner()
  await owner.end('SIGKILL')
  owner.start()
}

/** Ends who else has the cell, until this node has it. */
async function ownBy(rig: Rig, wanted: RigNode): Promise<void> {
  for (let owner = await rig.owner(); owner !== wanted; owner = await rig.owner()) {
    await owner.end('SIGTERM')
    wanted.start()
    await waitFor(
      'another one has the cell',
      async () => (await rig.findOwner()) !== owner,
      replacedMsMax,
    )
    owner.start()
    await rig.forgiveCrashes()
  }
}

/** As by a firewall that refuses, or as by a cable that is pulled. */
async function cut(links: readonly TcpProxy[], ms: number, random: Random): Promise<void> {
  const isSilent = random.next() < 0.5
  for (const link of links) {
    if (isSilent) link.stall()
    else {
      link.isRefusing = true
      link.cut()
    }
  }
  await delay(ms)
  for (const link of links) {
    if (isSilent) link.flow()
    link.isRefusing = false
  }
}
