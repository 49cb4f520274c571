// Where Pabal answers as RabbitMQ 4.2 does and the reference, 3.10, did not yet. After such a step the two
// go on differently, so a comparison ends there.
import type { Step } from './player.ts'

interface Accepted {
  /** The release that changed it; undefined for what no release promises. */
  readonly release?: string
  readonly reason: string
  /** `ours` and `theirs` are what the steps heard. */
  readonly matches: (step: Step, ours: string, theirs: string) => boolean
}

const accepted: readonly Accepted[] = [
  {
    release: '4.2.7',
    reason: 'a passive declaration needs a right on what it names',
    matches: ({ operation: { kind } }, ours, theirs) =>
      (kind === 'checkQueue' || kind === 'checkExchange') &&
      ours.includes('403 ACCESS_REFUSED - configure access to') &&
      !theirs.includes('ACCESS_REFUSED'),
  },
  {
    release: '4.0',
    reason: 'limits of a user or virtual host that is not there are no fault of the server',
    matches: ({ operation }, ours, theirs) =>
      operation.kind === 'administer' &&
      /^\/api\/(?:user|vhost)-limits\//.test(operation.path) &&
      ours.startsWith('status 404') &&
      theirs.startsWith('status 500'),
  },
  {
    reason: 'which of several consumers gets what was requeued',
    matches: ({ operation }, ours, theirs) =>
      operation.kind === 'settle' &&
      /requeue/i.test(operation.how) &&
      withoutConsumers(ours) === withoutConsumers(theirs),
  },
  {
    reason: 'which step of the deletion of a virtual host closes its connections',
    matches: ({ operation }, ours, theirs) =>
      operation.kind === 'administer' &&
      operation.method === 'DELETE' &&
      ours === theirs.replace(/(320 CONNECTION_FORCED - vhost '.*') is down/, '$1 is deleted'),
  },
  {
    release: '4.0',
    reason: 'an unknown exchange type closes the channel and not the connection',
    matches: (_step, ours, theirs) =>
      ours.includes('channel: 406 PRECONDITION_FAILED - unknown exchange type') &&
      theirs.includes('connection: 503 COMMAND_INVALID - unknown exchange type'),
  },
]

/** The message of a delivery, whoever has got it. */
function withoutConsumers(lines: string): string {
  return lines
    .split('\n')
    .map((line) => line.replace(/^\S+-c\d+: /, ''))
    .toSorted()
    .join('\n')
}

/** The same said in other words since; a comparison goes on. */
interface Wording {
  readonly release: string
  readonly reason: string
  /** A line as 3.10 has it. */
  readonly before: (line: string) => string
}

const wordings: readonly Wording[] = [
  {
    release: '3.12',
    reason: 'a refusal says which right is missing',
    before: (line) =>
      line.replace(
        /ACCESS_REFUSED - (?:configure|write|read) access to (?=queue|exchange|topic)/,
        refused,
      ),
  },
  {
    release: '4.2.8',
    reason: 'the limit of a user is without parentheses',
    before: (line) => line.replace(/(maximum allowed user limit of )(\d+)/, '$1($2)'),
  },
]

const refused = 'ACCESS_REFUSED - access to '

/** What a step heard, in the words of 3.10. */
export function inOldWords(lines: readonly string[]): string {
  return lines.map((line) => wordings.reduce((text, { before }) => before(text), line)).join('\n')
}

/** Which accepted difference two steps show; undefined when it is none. */
export function acceptDifference(ours: Step, theirs: Step): string | undefined {
  const [mine, other] = [ours.lines.join('\n'), theirs.lines.join('\n')]
  const found = accepted.find(({ matches }) => matches(ours, mine, other))
  return found && [found.release, found.reason].filter((part) => part !== undefined).join(': ')
}
