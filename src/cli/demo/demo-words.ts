// What `pabal demo` says.
import { demoNames } from '../../demo/demo-parts.ts'
import { demoLimits } from '../../limits/demo.ts'

/** What `/api/v1/demo` answers, as far as it is looked at here. */
export interface DemoAnswer {
  readonly state: 'off' | 'starting' | 'running' | 'ending'
  readonly started_at: number | null
  readonly ends_at: number | null
  readonly ended: string | null
  readonly left: readonly unknown[]
  readonly picture: DemoPictureAnswer | null
}

interface DemoPictureAnswer {
  readonly published: number
  readonly published_per_second: number
  readonly paid: number
  readonly retried: number
  readonly rejected: number
  readonly readers: readonly {
    readonly group: string
    readonly lag: number
    readonly problem: string | null
  }[]
}

/** What goes on, where to look, and what to try; `hint` is a command as somebody would write it. */
export function introduction({
  page,
  hint,
  since,
}: {
  readonly page: string | undefined
  /** When it began, in milliseconds since 1970. */
  readonly since: number
  readonly hint: (command: string) => string
}): string[] {
  const { orders, billing, dead, stream, search, reports } = demoNames
  return [
    `Four shops publish ${demoLimits.ordersPerSecond} orders a second over AMQP, to the exchange ${orders}.`,
    'Each is published once, and is in two places:',
    `  ${billing}        a work queue: orders are acked, tried again after`,
    `                      ${demoLimits.retryMs / 1000} s, or rejected into ${dead}`,
    `  ${stream}  a topic: two groups read it over Kafka's protocol,`,
    `                      ${search}, and ${reports}, which falls behind`,
    '',
    ...(page === undefined ? [] : [`Watch it:            ${page}`]),
    `Find order 1234:     ${hint(`peek ${stream} --text '"order":1234'`)}`,
    `Redrive the dead:    ${hint(`dlq redrive ${dead}`)}`,
    `Bill all again:      ${hint(`queue rewind ${billing} --to-time ${new Date(since).toISOString()}`)}`,
    `Watch orders come:   ${hint(`tail ${stream}`)}`,
    '',
  ]
}

/** How it goes, in one line. */
export function pictureLine(picture: DemoPictureAnswer): string {
  const { published, published_per_second: perSecond, paid, retried, rejected } = picture
  const groups = picture.readers.map(({ group, lag, problem }) =>
    problem === null
      ? `${group.replace('demo.', '')} ${lag} behind`
      : `${group} reads nothing: ${problem}`,
  )
  const parts = [
    `${published} orders, ${Math.round(perSecond)}/s`,
    `${paid} paid`,
    `${retried} tried again`,
    `${rejected} rejected`,
    ...groups,
  ]
  return parts.join(' · ')
}
