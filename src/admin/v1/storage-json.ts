// What `GET /api/v1/storage` answers.
import { z } from 'zod'
import type { StreamSize } from './largest-streams.ts'

export interface StorageJson {
  readonly version: string
  readonly data_folder: string | null
  readonly durability: string
  readonly profile: string
  readonly blocked: string | null
  readonly maintenance: boolean
  readonly disk: {
    readonly size: number
    readonly free: number
    readonly blocked_at: number
  } | null
  readonly forecast: StorageForecast
  readonly history: readonly StorageMoment[]
  readonly log: StorageLog | null
  readonly commits: {
    readonly count: number
    readonly bytes: number
    readonly seconds: number
    readonly last_seconds: number
    readonly buckets: readonly { readonly up_to: number | null; readonly count: number }[]
  }
  readonly largest: readonly StreamSize[]
  readonly memory: {
    readonly resident: number
    readonly in_use: number
    readonly blocked_at: number
    readonly held: readonly {
      readonly kind: string
      readonly bytes: number
      readonly limit: number
    }[]
  }
  readonly last_backup: {
    readonly started: number
    readonly ended: number | null
    readonly bytes: number
    readonly whole: boolean
  } | null
}

export interface StorageForecast {
  readonly direction: 'unknown' | 'steady' | 'filling' | 'emptying'
  readonly bytes_per_second: number
  readonly over_seconds: number
  readonly blocked_in_seconds: number | null
}

export interface StorageMoment {
  readonly time: number
  readonly free: number
  readonly log: number
}

export interface StorageLog {
  readonly wal_files: number
  readonly wal_bytes: number
  readonly cleaned_files: number
  readonly cleaned_bytes: number
  readonly living_bytes: number
  readonly uncommitted_bytes: number
  readonly cleaning: boolean
  readonly files_cleaned: number
  readonly bytes_freed: number
  readonly checkpoints: number
  readonly writing_checkpoint: boolean
  readonly format_version: number
}

const bytes = z.number().int().nonnegative()
const count = z.number().int().nonnegative()
const time = z.number().describe('Milliseconds since the Unix epoch')

const diskSchema = z.object({
  size: bytes.describe('Of the whole disk'),
  free: bytes,
  blocked_at: bytes.describe('With less free, publishers are blocked'),
})

const forecastSchema = z.object({
  direction: z
    .enum(['unknown', 'steady', 'filling', 'emptying'])
    .describe('unknown: too little was seen; steady: what changed is no more than noise'),
  bytes_per_second: z.number().describe('By which free space changes'),
  over_seconds: z.number().describe('What that was seen over'),
  blocked_in_seconds: z
    .number()
    .nullable()
    .describe('Until publishers are blocked, if it goes on; null unless it is filling'),
})

const logSchema = z.object({
  wal_files: count,
  wal_bytes: bytes,
  cleaned_files: count.describe('Files that cleaning made of others'),
  cleaned_bytes: bytes,
  living_bytes: bytes.describe('What queues and topics still keep in them; the rest is cleaned'),
  uncommitted_bytes: bytes,
  cleaning: z.boolean(),
  files_cleaned: count.describe('Since the start'),
  bytes_freed: bytes.describe('Since the start'),
  checkpoints: count.describe('Since the start'),
  writing_checkpoint: z.boolean(),
  format_version: count,
})

const commitsSchema = z.object({
  count: count.describe('Since the start'),
  bytes,
  seconds: z.number().describe('Of all of them'),
  last_seconds: z.number(),
  buckets: z.array(
    z.object({ up_to: z.number().nullable().describe('Seconds; null: more'), count }),
  ),
})

const streamSizeSchema = z.object({
  vhost: z.string(),
  name: z.string(),
  kind: z.enum(['queue', 'topic']),
  bytes,
  messages: count,
  retention_ms: z.number().nullable(),
  retention_bytes: z.number().nullable(),
})

const backupSchema = z.object({
  started: time,
  ended: time.nullable().describe('null while it is being taken'),
  bytes,
  whole: z.boolean().describe('It was sent to its end'),
})

const memorySchema = z.object({
  resident: bytes.describe('What the process takes'),
  in_use: bytes,
  blocked_at: bytes.describe('Above this publishers are blocked'),
  held: z
    .array(z.object({ kind: z.string(), bytes, limit: bytes }))
    .describe('What clients make the broker hold for a while'),
})

export const storageSchema: z.ZodType<StorageJson> = z.object({
  version: z.string(),
  data_folder: z.string().nullable().describe('null: everything is in memory only'),
  durability: z.string().describe('fsync: confirmed is on the disk'),
  profile: z.string(),
  blocked: z.string().nullable().describe('Why publishers are blocked'),
  maintenance: z.boolean(),
  disk: diskSchema.nullable(),
  forecast: forecastSchema,
  history: z.array(z.object({ time, free: bytes, log: bytes })).describe('Oldest first'),
  log: logSchema.nullable(),
  commits: commitsSchema,
  largest: z.array(streamSizeSchema).describe('Queues and topics; of some seconds ago'),
  memory: memorySchema,
  last_backup: backupSchema.nullable().describe('Since the start'),
})
