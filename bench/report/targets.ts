import type { FigureName } from './figure.ts'

/** A figure that Pabal is to reach, alone or beside another system in the same run. */
export type Target = {
  readonly what: string
  readonly scenario: string
  readonly figure: FigureName
  readonly system: 'pabal' | 'pabal-os'
  /** The ratio of the system's figure to this one's counts; without it, the figure itself. */
  readonly against?: 'rabbitmq' | 'kafka' | 'kafka-fsync'
  readonly bound: { readonly atLeast: number } | { readonly atMost: number }
}

const figureWords: Partial<Record<FigureName, string>> = {
  p99Us: 'p99 latency',
  cpuPerMillion: 'CPU per message',
  startSeconds: 'start',
  residentMb: 'resident memory',
  peakMb: 'peak memory',
}

export const targets: readonly Target[] = [
  faster('publish-1k', 'rabbitmq', 8),
  faster('publish-16b', 'rabbitmq', 8),
  faster('both-1k', 'rabbitmq', 6),
  faster('consume-1k', 'rabbitmq', 8),
  faster('fan-out-10', 'rabbitmq', 8),
  less('latency-10k-rate', 'p99Us', 'rabbitmq', 0.5),
  less('queues-1000', 'cpuPerMillion', 'rabbitmq', 0.5),
  faster('kafka-produce-1k', 'kafka', 1.5),
  ...['100b', '100b-6p', '1k-6p', '1k-lz4', '1k-6p-lz4'].map((shape) =>
    faster(`kafka-produce-${shape}`, 'kafka', 1),
  ),
  {
    what: 'produce rate, both without fsync',
    scenario: 'kafka-produce-1k',
    figure: 'rate',
    system: 'pabal-os',
    against: 'kafka',
    bound: { atLeast: 1.5 },
  },
  faster('kafka-consume-1k', 'kafka', 1.2),
  faster('kafka-consume-1k-cold', 'kafka', 1),
  faster('kafka-consume-100b', 'kafka', 1.2),
  faster('kafka-consume-100b-cold', 'kafka', 1),
  ...['1k', '5k', '10k'].flatMap((rate) => [
    likeWithLike(rate, { system: 'pabal', against: 'kafka-fsync' }),
    likeWithLike(rate, { system: 'pabal-os', against: 'kafka' }),
  ]),
  less('start-empty', 'startSeconds', 'kafka', 0.1),
  less('start-empty', 'residentMb', 'kafka', 0.25),
  less('kafka-produce-1k', 'peakMb', 'kafka', 0.25),
  alone('memory with the backlog, MB', 'backlog-5m-drained', 'residentMb', { atMost: 300 }),
  alone('drain rate, % of a short queue', 'backlog-5m-drained', 'drainShare', { atLeast: 80 }),
  alone('start, s', 'start-full-queue', 'restartSeconds', { atMost: 2 }),
  alone('start, s', 'start-full-topic', 'restartSeconds', { atMost: 2 }),
]

function faster(scenario: string, against: 'rabbitmq' | 'kafka', atLeast: number): Target {
  const bound = { atLeast }
  return { what: 'rate', scenario, figure: 'rate', system: 'pabal', against, bound }
}

function less(
  scenario: string,
  figure: FigureName,
  against: 'rabbitmq' | 'kafka',
  atMost: number,
): Target {
  const what = figureWords[figure] ?? figure
  return { what, scenario, figure, system: 'pabal', against, bound: { atMost } }
}

/** Latency where both wait for the disk, or neither does. */
function likeWithLike(rate: string, systems: Pick<Target, 'system' | 'against'>): Target {
  const what = `p99 latency, ${systems.system === 'pabal' ? 'both' : 'neither'} durable`
  return {
    what,
    scenario: `kafka-latency-${rate}-rate`,
    figure: 'p99Us',
    ...systems,
    bound: { atMost: 1 },
  }
}

function alone(what: string, scenario: string, figure: FigureName, bound: Target['bound']): Target {
  return { what, scenario, figure, system: 'pabal', bound }
}
