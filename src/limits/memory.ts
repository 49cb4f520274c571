// Limits of memory that is used again, and of work on large values.
import { KiB, MiB } from './units.ts'

export const memoryLimits = {
  /** Values of this size on are in memory that is used again: smaller ones cost less than a look-up. */
  pageSizeMin: (64 * KiB) as number,
  /** Smaller ones that are kept share pages of this size. */
  sharedPageSize: (256 * KiB) as number,
  /** Such memory that waits to be used again: some messages of 16 MiB on their way through. */
  freePagesSizeMax: (64 * MiB) as number,
  /** Memory that was not used again for so long is given back to the system. */
  freePagesIdleMs: 5000,
  /** How often the memory of the process is looked at. */
  memoryCheckMs: 250,
  /** And after so many bytes from clients: nothing grows fast but with what they send … */
  memoryCheckSize: (16 * MiB) as number,
  /** … or after less where the heap is small: a table's fields take twenty times what they are sent as. */
  memoryCheckHeapShare: 0.004,
  /** What a queue, a binding, a consumer or a channel counts as: some take more than what asked for them. */
  admittedSize: (16 * KiB) as number,
  /** What is declared counts so many times what was sent since the last declaration. */
  declaredFactor: 4,
  /** The most that V8 gives its young generation: three semi-spaces of 64 MiB. */
  youngGenerationSizeMax: (192 * MiB) as number,
  /** The least that it gives the old one of all. */
  oldGenerationShareMin: 0.25,
  /**
   * At this share of V8's heap nothing more is declared: what stays until somebody deletes it must never
   * by itself keep publishers waiting, which ends a little below `heapLowShare`, nor clients away, …
   */
  heapCrowdedShare: 0.4,
  /**
   * … or when that takes so much of what the watermark leaves above the start. The rest is for what
   * comes and goes, and for the log's cache of 20 MiB.
   */
  roomCrowdedShare: 0.6,
  /** At this share of the heap no new clients are let in. */
  heapFullShare: 0.45,
  /** Publishers are blocked at this share of V8's heap, whose end is the end of the process. */
  heapLowShare: 0.6,
  /** At this share memory is nearly used up. */
  heapCriticalShare: 0.8,
  /** The same when so many times the watermark (or what the start took) is in use. */
  criticalFactor: 1.5,
  /**
   * On a machine that is nearly full publishers wait when the process takes so much more than after the
   * last collection …
   */
  keptStepSize: (16 * MiB) as number,
  /** … and always when it takes so much of the machine. */
  keptShareMax: 0.9,
  /** A level is left when what is in use has fallen to this share of what made it. */
  recoveredShare: 0.95,
  /** Garbage is collected before publishers are blocked, so seldom … */
  collectMsMin: 5000,
  /** … and so many times less long than in between: a fiftieth of the time at most … */
  collectPauseFactor: 50,
  /** … or, while memory is nearly used up and nothing new is let in, a tenth of the time … */
  criticalCollectMsMin: 1000,
  criticalCollectPauseFactor: 10,
  /** … unless what is in use has grown by this share of the watermark. */
  collectShare: 0.06,
  /** Each budget of what clients may make the broker hold has so much, whatever the watermark is. */
  budgetSizeMin: (8 * MiB) as number,
  /**
   * What clients may make the broker hold together: a share of the watermark, or of the heap if that is
   * smaller, and so many bytes at most.
   * Input is parts of messages, requests and transactions; output is what peers have not taken.
   */
  budgets: {
    input: { share: 0.125, sizeMax: (256 * MiB) as number },
    parked: { share: 0.0625, sizeMax: (128 * MiB) as number },
    output: { share: 0.125, sizeMax: (512 * MiB) as number },
    unacked: { share: 0.125, sizeMax: (512 * MiB) as number },
  },
  /** So long messages may wait while memory is short; then those who left most are ended, … */
  parkedMsMax: 15_000,
  /** … one each time that so much has passed. */
  parkedReliefMs: 250,
  /** What groups may make the broker remember: a share as of the budgets, `budgetSizeMin` at least. */
  groupsShare: 0.125,
  /** Over the budget of input, those who hold no more than this go on: usual messages and requests. */
  smallInputSize: (64 * KiB) as number,
  /** The largest holder of input is ended when all of it is so many times the budget. */
  inputHardFactor: 2,
  /** Over that budget, nobody gets another message who has not taken so much of the last ones. */
  pressedOutputSize: (64 * KiB) as number,
  /** Nobody gets another message at all when so many times the budget of output is unsent. */
  outputHardFactor: 2,
  /** A channel gets no more while so many of its deliveries are unacked and the budget is used up. */
  pressedUnackedMax: 1024,
  /** How often unacked deliveries are added up. */
  unackedCheckMs: 1000,
  /** What waits for the disk while publishers are still read; more counts as input. */
  usualUncommittedSize: (16 * MiB) as number,
  /** How often those who wait for memory are looked at. */
  inputCheckMs: 500,
  /** Who has memory that others wait for has to bring some of the rest in such a time … */
  inputTurnMs: 2000,
  /** … at least this: 64 KiB a second. */
  inputPerTurnMin: (128 * KiB) as number,
  /** While others wait for memory, nobody holds much of it who sends nothing for so long. */
  inputIdleMsMax: 5000,
  /** Garbage is also collected when less than this came in between two looks … */
  quietReceivedSize: (256 * KiB) as number,
  /** … for so long … */
  quietMs: 3000,
  /** … and the process takes so much more than after the last collection, … */
  quietWasteSize: (32 * MiB) as number,
  /** … and so much as a share of what it took then: of a large heap little is not worth a long stop. */
  quietWasteShare: 0.25,
  /** Nobody waits for it, so it takes a hundredth of the time at most. */
  quietPauseFactor: 100,
  /** A checksum of more is taken in steps of this size, of less than a millisecond. */
  crcPerTurnMax: (2 * MiB) as number,
} as const
