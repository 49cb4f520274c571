// Where Pabal answers as RabbitMQ 4.2 does and the reference, 3.10, did not yet. After such a step the two
// go on differently, so a comparison ends there.
import type { Step } from './player.ts'

interface Accepted {
  /** The release that changed it. */
  readonly release: string
  readonly reason: string
  /** `ours` and `theirs` are what the steps heard. */
  readonly matches: (step: Step, ours: string, theirs: string) => boolean
}

const accepted: readonly Accepted[] = [
  {
    release: '4.0',
    reason: 'an unknown exchange type closes the channel and not the connection',
    matches: (_step, ours, theirs) =>
      ours.includes('channel: PRECONDITION_FAILED - unknown exchange type') &&
      theirs.includes('connection: COMMAND_INVALID - unknown exchange type'),
  },
]

/** Which accepted difference two steps show; undefined when it is none. */
export function acceptDifference(ours: Step, theirs: Step): string | undefined {
  const [mine, other] = [ours.lines.join('\n'), theirs.lines.join('\n')]
  const found = accepted.find(({ matches }) => matches(ours, mine, other))
  return found && `${found.release}: ${found.reason}`
}
