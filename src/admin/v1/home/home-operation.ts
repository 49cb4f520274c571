// The home page, and what `pabal status` has to say: what is wrong with a broker, or that nothing is.
import { clusterNameOf } from '../../../broker/cluster-name.ts'
import { deathCounts } from '../../../broker/statistics/read-totals.ts'
import type { Sample } from '../../../broker/statistics/sample.ts'
import { healthLimits } from '../../../limits/health.ts'
import type { Caller } from '../../api/caller.ts'
import { type Operation, operation } from '../../api/operation.ts'
import { visibleVHosts } from '../../api/visible-vhosts.ts'
import { maySee } from '../../rabbitmq/listed-client.ts'
import { mayDescribe } from '../group-rights.ts'
import { mayDescribeTransaction } from '../transaction-rights.ts'
import { brokerFindings } from './broker-findings.ts'
import type { UsersClients } from './client-facts.ts'
import { keepingFindings } from './cluster-findings.ts'
import { deathFindings } from './death-findings.ts'
import type { Finding } from './finding.ts'
import {
  type GrowerJson,
  historyJson,
  type HomeJson,
  homeSchema,
  listenersJson,
  type RatesJson,
  ratesJson,
  rounded,
} from './home-json.ts'
import { homeLooksOf, type HomeParts, type Look } from './home-look.ts'
import { fineFinding, homeOfAll } from './home-of-all.ts'
import { addFacts, noFacts, type VHostFacts } from './stream-facts.ts'
import { groupFindings, streamFindings, stuckFindings } from './stream-findings.ts'
import { transactionFindings } from './transaction-findings.ts'

export function homeOperation(parts: HomeParts): Operation {
  return operation({
    method: 'get',
    path: '/v1/home',
    where: homeOfAll,
    tag: 'Cluster',
    summary: 'What is wrong with the broker, what happens in it, and where to connect',
    access: 'management',
    answers: { 200: homeSchema },
    async handle({ caller }) {
      const looks = homeLooksOf(parts)
      return homeJson(parts, await looks.look(), caller)
    },
  })
}

function homeJson(parts: HomeParts, look: Look, caller: Caller): HomeJson {
  const { broker, statistics, figures } = parts
  const { version, state, uptimeMs, addresses } = figures()
  const now = broker.clock.now()
  const seesAll = caller.hasTag('monitoring')
  const facts = sumOfSeen(parts, look, caller)
  const rates = seesAll ? totalRates(statistics.totals) : ratesOf(facts)
  const counts = countsJson(look, facts, caller)
  const findings = findingsFor(parts, look, { caller, facts })
  const shown = findings.length > 0 ? findings : [fineFinding(counts, rates)]
  return {
    health: shown[0]?.severity ?? 'fine',
    findings: shown,
    version,
    node: parts.clients.nodeName,
    cluster: clusterNameOf(broker),
    state,
    started: Math.round((now - uptimeMs) / 1000) * 1000,
    is_empty: counts.streams === 0,
    rates,
    history: seesAll ? historyJson(statistics.totals, statistics.hour, now) : null,
    growers: growersJson(parts, facts),
    counts,
    protocols: seesAll ? look.clients.byProtocol : {},
    listeners: listenersJson(addresses),
    nodes: null,
  }
}

/** Of the streams of some virtual hosts. */
function ratesOf({ rates }: VHostFacts): RatesJson {
  return { in: rounded(rates.in), out: rounded(rates.out), ack: rounded(rates.ack) }
}

/** What there is in all virtual hosts that the caller sees. */
function sumOfSeen({ broker }: HomeParts, { vhosts }: Look, caller: Caller): VHostFacts {
  const sum = noFacts('')
  for (const { name } of visibleVHosts(broker, caller)) {
    const facts = vhosts.get(name)
    if (facts !== undefined) addFacts(sum, facts)
  }
  return sum
}

function totalRates(totals: readonly Sample[]): RatesJson {
  const [before, after] = totals.slice(-2)
  return ratesJson(before, after)
}

interface Asked {
  readonly caller: Caller
  readonly facts: VHostFacts
}

/** Worst first. */
function findingsFor(parts: HomeParts, look: Look, { caller, facts }: Asked): Finding[] {
  const { broker, statistics, figures } = parts
  const now = broker.clock.now()
  const status = figures()
  const seesAll = caller.hasTag('monitoring')
  const { hour } = statistics
  const findings = [
    ...brokerFindings({
      figures: status,
      now,
      blockedSince: broker.shortage.since,
      blockedCount: clientsSeen(look, caller).blocked,
      disk: seesAll ? broker.store.fileStats : undefined,
      files: seesAll ? look.files : undefined,
      hour,
    }),
    ...(seesAll ? keepingFindings(parts.nodeFacts?.()) : []),
    ...streamFindings(facts, now),
    ...stuckFindings(look.clients.stuck.filter(({ user }) => maySee(caller, user))),
    ...groupsSeen(look, caller),
    ...transactionsSeen(look, caller),
    ...(seesAll
      ? deathFindings({ counts: deathCounts(broker), hour, now, uptimeMs: status.uptimeMs })
      : []),
  ]
  const bad = findings.filter(({ severity }) => severity === 'bad')
  return [...bad, ...findings.filter(({ severity }) => severity !== 'bad')]
}

function groupsSeen({ groups }: Look, caller: Caller): Finding[] {
  const { items, count } = groups.falling
  const seen = items.filter(({ group }) => mayDescribe(caller, group))
  return groupFindings(seen, seen.length === items.length ? count : seen.length)
}

function transactionsSeen({ transactions: { items, count } }: Look, caller: Caller): Finding[] {
  const seen = items.filter(({ id }) => mayDescribeTransaction(caller, id))
  return transactionFindings(seen, seen.length === items.length ? count : seen.length)
}

function clientsSeen({ clients }: Look, caller: Caller): UsersClients {
  const sum = { connections: 0, blocked: 0 }
  for (const [user, { connections, blocked }] of clients.byUser) {
    if (!maySee(caller, user)) continue
    sum.connections += connections
    sum.blocked += blocked
  }
  return sum
}

function countsJson(look: Look, facts: VHostFacts, caller: Caller): HomeJson['counts'] {
  const { queues, topics, ready, unacked, consumers, deadLetters } = facts
  const { connections, blocked } = clientsSeen(look, caller)
  return {
    streams: queues + topics,
    queues,
    topics,
    ready,
    unacked,
    consumers,
    dead_letters: deadLetters,
    delayed: facts.delayed,
    connections,
    blocked_connections: blocked,
    groups: caller.hasTag('monitoring') ? look.groups.count : 0,
  }
}

/** Those that grow most, with where they come from. */
function growersJson({ statistics }: HomeParts, { growing }: VHostFacts): GrowerJson[] {
  return growing.items.slice(0, healthLimits.growersMax).map(({ queue, growth, consumers }) => ({
    vhost: queue.vhost,
    name: queue.name,
    ready: queue.readyCount,
    growth: rounded(growth?.rate ?? 0),
    consumers,
    values: statistics.historyOf(queue).map(({ counts }) => counts['ready'] ?? 0),
  }))
}
