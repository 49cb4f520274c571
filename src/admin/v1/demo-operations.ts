// The demo, which runs in the broker: see `node/demo.ts`.
import { z } from 'zod'
import type { DemoPart } from '../../demo/demo-parts.ts'
import type { DemoPicture } from '../../demo/demo-picture.ts'
import { demoLimits } from '../../limits/demo.ts'
import { type Operation, operation } from '../api/operation.ts'

export interface DemoStatus {
  readonly state: 'off' | 'starting' | 'running' | 'ending'
  /** In milliseconds since 1970; undefined while none runs. */
  readonly startedAt: number | undefined
  readonly endsAt: number | undefined
  /** Why the last one has ended, or ends. */
  readonly ended: string | undefined
  /** What is there of a demo that does not run: a crash has left it. */
  readonly left: readonly DemoPart[]
  /** What one makes, and takes away. */
  readonly makes: readonly DemoPart[]
  /** Of the one that runs, or has run. */
  readonly picture: DemoPicture | undefined
}

/** Runs one demo at a time. */
export interface DemoControl {
  readonly status: DemoStatus
  /** Resolves when orders come in, or with why there is no demo. Does nothing while one runs. */
  start(seconds: number): Promise<string | undefined>
  /** Ends the demo and takes away what it, or one before it, has made; resolves when all is gone. */
  end(): Promise<void>
}

const path = '/v1/demo'
const tag = 'Demo'
const access = 'administrator'
const count = z.number().int()
const part = z.object({
  kind: z.enum(['user', 'exchange', 'queue', 'stream', 'group']),
  name: z.string(),
})

const orderSchema = z.object({
  order: count,
  shop: z.string(),
  item: z.string(),
  amount: count,
  routing_key: z.string(),
  state: z.enum(['waits', 'paid', 'retried', 'rejected']),
})

const readerSchema = z.object({
  group: z.string(),
  read: count,
  read_per_second: z.number(),
  lag: count.describe('Orders that were published and that it has not read'),
  problem: z.string().nullable().describe('Why it reads nothing'),
})

const pictureSchema = z.object({
  published: count,
  published_per_second: z.number(),
  paid: count,
  paid_per_second: z.number(),
  retried: count,
  rejected: count,
  readers: z.array(readerSchema),
  orders: z.array(orderSchema).describe('The last ones, the newest first'),
})

const statusSchema = z.object({
  state: z.enum(['off', 'starting', 'running', 'ending']),
  started_at: count.nullable(),
  ends_at: count.nullable(),
  ended: z.string().nullable().describe('Why the last one has ended'),
  left: z.array(part).describe('What is there of a demo that does not run: DELETE takes it away'),
  makes: z.array(part).describe('What one makes, and takes away at its end'),
  picture: pictureSchema.nullable(),
})

/** What `GET /api/v1/demo` answers. */
export interface DemoJson {
  readonly state: DemoStatus['state']
  readonly started_at: number | null
  readonly ends_at: number | null
  readonly ended: string | null
  readonly left: readonly DemoPart[]
  readonly makes: readonly DemoPart[]
  readonly picture: DemoPictureJson | null
}

export interface DemoPictureJson {
  readonly published: number
  readonly published_per_second: number
  readonly paid: number
  readonly paid_per_second: number
  readonly retried: number
  readonly rejected: number
  readonly readers: readonly {
    readonly group: string
    readonly read: number
    readonly read_per_second: number
    readonly lag: number
    readonly problem: string | null
  }[]
  readonly orders: readonly {
    readonly order: number
    readonly shop: string
    readonly item: string
    readonly amount: number
    readonly routing_key: string
    readonly state: 'waits' | 'paid' | 'retried' | 'rejected'
  }[]
}

/** Operations of the demo; `open` loads it for the first who asks. */
export function demoOperations(open: () => Promise<DemoControl>): Operation[] {
  return [
    operation({
      method: 'get',
      path,
      where: 'first',
      tag,
      summary: 'How the demo is: what was published, billed and read, and the last orders',
      access,
      answers: { 200: statusSchema },
      async handle() {
        return statusJson((await open()).status)
      },
    }),
    operation({
      method: 'post',
      path,
      where: 'first',
      tag,
      summary: 'Begin the demo: orders of four shops, for ten minutes at most',
      access,
      body: z.strictObject({
        seconds: z
          .int()
          .min(1)
          .max(demoLimits.secondsMax)
          .default(demoLimits.secondsMax)
          .describe('It ends by itself then'),
      }),
      answers: { 201: statusSchema, 409: 'Something is in its way' },
      async handle({ body: { seconds }, context }) {
        const demo = await open()
        const reason = await demo.start(seconds)
        if (reason !== undefined) return context.json({ error: 'no_demo', reason }, 409)
        return context.json(statusJson(demo.status), 201)
      },
    }),
    operation({
      method: 'delete',
      path,
      where: 'first',
      tag,
      summary: 'End the demo and take away what it has made',
      access,
      answers: { 204: 'Nothing of it is left' },
      async handle({ context }) {
        await (await open()).end()
        return context.body(null, 204)
      },
    }),
  ]
}

function statusJson({ startedAt, endsAt, ended, picture, ...status }: DemoStatus): DemoJson {
  return {
    ...status,
    started_at: startedAt ?? null,
    ends_at: endsAt ?? null,
    ended: ended ?? null,
    picture: picture === undefined ? null : pictureJson(picture),
  }
}

function pictureJson(picture: DemoPicture): DemoPictureJson {
  return {
    published: picture.published,
    published_per_second: picture.publishedPerSecond,
    paid: picture.paid,
    paid_per_second: picture.paidPerSecond,
    retried: picture.retried,
    rejected: picture.rejected,
    readers: picture.readers.map(({ group, read, readPerSecond, lag, problem }) => {
      return { group, read, read_per_second: readPerSecond, lag, problem: problem ?? null }
    }),
    orders: picture.orders.map(({ routingKey, ...order }) => {
      return { ...order, routing_key: routingKey }
    }),
  }
}
