// What `pabal doctor` takes for normal.
import { MiB } from './units.ts'

export const doctorLimits = {
  /** What package.json asks for. */
  nodeMajorMin: 24,
  /** Each client takes one, each log some; the common default of a shell is too few for a server. */
  openFilesMin: 4096,
  /** A broker at rest takes 150 MiB, and needs room for what clients make it hold. */
  memoryMin: (512 * MiB) as number,
  /** Part of the watermark at which somebody should look. */
  memoryShareMax: 0.8,
  /** So many times the limit at which publishers are blocked should be free. */
  diskFreeTimes: 4,
  /** Milliseconds for one of a hundred writes to be durable: above it, confirms are slow. */
  fsyncP99Max: 50,
  /** Certificates are often renewed 30 days before their end. */
  certificateDaysMin: 21,
  /** Files of the data folder may be so much newer than the clock says. */
  clockAheadMs: 60_000,
  /** Two looks at the queues are so far apart. */
  lookMs: 2000,
  /** Fewer messages than this without a consumer, unacked or dead are in every broker. */
  piledMin: 1000,
  /** Queues that are named in a finding. */
  namedMax: 3,
} as const
