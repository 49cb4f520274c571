// Limits of the program: configuration, starting and stopping.
import { KiB, MiB } from './units.ts'

export const programLimits = {
  /** max-message-size cannot be set higher: a body is assembled in memory before it is routed. */
  messageSizeCeiling: (512 * MiB) as number,
  /** A configuration or password file is a few lines; more is a mistaken path. */
  configFileSizeMax: (1 * MiB) as number,
  /**
   * A stop that takes longer than this is hanging and is cut off; the log recovers at the start. Kubernetes
   * and others give 30 s before they kill.
   */
  stopMsMax: 25_000,
  /** shutdown-delay cannot be longer: load balancers look every few seconds. */
  shutdownDelaySecondsMax: 3600,
  /** A command asks the broker and hears nothing for so long: a disk that fails holds changes up. */
  askMsMax: 30_000,
  /** Messages that one command shows: they are in memory to make a table of them. */
  browseCountMax: 10_000,
  /** An answer of a broker is in memory as a whole: a hundred thousand queues, or all definitions. */
  answerSizeMax: (256 * MiB) as number,
  /** Names that a mistyped one is compared with: a page, which costs a broker a millisecond. */
  suggestedFromMax: 500,
  /** Messages that a command takes off a queue at a time: so many are lost when it is killed then. */
  takenAtOnceMax: 100,
  /** Bytes of each payload in a table: a line has a few more. */
  shownPayloadSize: 60,
  /** A command that waits for a job looks at it so often: a person sees it move. */
  jobLookMs: 250,
  /** A line of progress is written again after so long: a person reads no faster. */
  progressMs: 100,
  /** Asked of the broker at a time, which has a limit of its own. */
  browsePageCount: 1000,
  /** The same for a file of definitions, whose broker has to make all of it durable. */
  transferMsMax: 600_000,
  /** Bytes of a name in a command: as a path of HTTP it is three times as long, and a header has 16 KiB. */
  askedNameSizeMax: (1 * KiB) as number,
  /** npm and a terminal both pass Ctrl-C on: two signals this close together are one. */
  doubledSignalMs: 1000,
  /** What no first client needs is loaded when the broker has been ready for so long: they go first. */
  lateLoadMs: 100,
  /** How long a broker may outlive the npm that started it. */
  parentCheckMs: 250,
} as const
