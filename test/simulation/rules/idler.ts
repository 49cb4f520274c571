// Leaves a queue unused for a while, and looks whether it is there: it must be until its time has passed, and
// must not be for long afterwards.
import { table } from '../../../src/record/message/field-table.ts'
import type { AmqpLife } from '../amqp/amqp-protocol.ts'
import type { World } from '../world.ts'
import { isNotFound, LetterSession } from './letter-session.ts'
import type { RuleWorld } from './rule-world.ts'

/** How long after its time the queue may still be there, in ms: the broker is busy with others. */
const graceMs = 1000
const expiresMsMax = 1500

export async function idle(life: AmqpLife, rules: RuleWorld): Promise<void> {
  const { name, draw, world, connection } = life
  for (let left = draw.between(1, 6); left > 0 && !world.isWindingDown; left--) {
    const { clock } = world
    const session = await LetterSession.open(name, connection, rules)
    const expiresMs = draw.between(1, expiresMsMax)
    const queue = `idle-${name}-${left}`
    let use = { fromMs: clock.monotonic(), epoch: world.history.epoch }
    await session.declareQueue(queue, table({ 'x-expires': expiresMs }))
    // Each look is a use.
    for (let isThere = true; isThere;) {
      const usedAtMs = clock.monotonic()
      await world.sleep(draw.oneOf([draw.time(expiresMs), expiresMs + graceMs]))
      const fromMs = clock.monotonic()
      isThere = await look(session, queue)
      judge(world, {
        queue,
        expiresMs,
        isThere,
        usedFromMs: use.fromMs,
        usedAtMs,
        askedAtMs: fromMs,
        epoch: use.epoch,
      })
      use = { fromMs, epoch: world.history.epoch }
      if (world.isWindingDown) break
    }
    await session.close()
  }
}

interface Look {
  readonly queue: string
  readonly expiresMs: number
  readonly isThere: boolean
  /** It was used last between these. */
  readonly usedFromMs: number
  readonly usedAtMs: number
  readonly askedAtMs: number
  /** Life of the broker that it was used in. */
  readonly epoch: number
}

function judge({ clock, history }: World, look: Look): void {
  const { queue, expiresMs, isThere, usedFromMs, usedAtMs, askedAtMs, epoch } = look
  const nowMs = clock.monotonic()
  history.onNote('idler', `${queue} is ${isThere ? 'there' : 'gone'}`)
  const rule = `${queue} expires after ${expiresMs} ms without use`
  // A restart is a use.
  const mustBeGone = epoch === history.epoch && askedAtMs > usedAtMs + expiresMs + graceMs
  if (isThere && mustBeGone) {
    throw history.fail(`${rule}, and is there after ${askedAtMs - usedAtMs}`)
  }
  if (!isThere && nowMs < usedFromMs + expiresMs) {
    throw history.fail(`${rule}, and is gone after ${nowMs - usedFromMs}`)
  }
}

async function look(session: LetterSession, queue: string): Promise<boolean> {
  try {
    await session.getNothing(queue)
    return true
  } catch (error) {
    if (!isNotFound(error)) throw error
    return false
  }
}
