// Makes trouble: kills the broker, cuts the power, breaks and silences connections, makes the disk ill or
// full. What it began it ends, and in the end it puts everything right.
import { Draw } from './draw.ts'
import type { FaultKind } from './plan.ts'
import type { World } from './world.ts'

/** How long the broker is down, in ms. */
const downMsMax = 800
/** A stop that takes longer is cut off. */
const stopMsMax = 30_000
/** How often it is killed once more while it starts. */
const killedStartShare = 0.15
/** How long a trouble of the disk or of a client lasts, in ms. */
const troubleMsMax = 4000

export class Nemesis {
  readonly #world: World
  readonly #draw: Draw
  /** Puts right what is wrong now. */
  readonly #remedies = new Set<() => void>()
  #isOver = false

  constructor(world: World) {
    this.#world = world
    this.#draw = new Draw(world.fork())
  }

  /** Starts the broker, and troubles it until it is told to stop. */
  async run(): Promise<void> {
    const { pauseMs, weights } = this.#world.plan.faults
    await this.#startUntilItRuns()
    if (pauseMs === Infinity) return
    while (!this.#isOver) {
      await this.#world.sleep(this.#draw.time(2 * pauseMs))
      const kind = this.#draw.weighted(weights)
      if (this.#isOver || kind === undefined) return
      await this.#trouble(kind)
    }
  }

  /** No more troubles, and an end to those that are. The broker runs when this resolves. */
  async makePeace(): Promise<void> {
    this.#isOver = true
    for (const remedy of this.#remedies) remedy()
    this.#remedies.clear()
    await this.#startUntilItRuns()
  }

  /** Ends the broker in some way and starts it again. */
  async restart(): Promise<void> {
    await this.#end(this.#draw.oneOf(['kill', 'power', 'stop'] as const))
    await this.#startUntilItRuns()
  }

  async #trouble(kind: FaultKind): Promise<void> {
    switch (kind) {
      case 'kill':
      case 'power':
      case 'stop':
        await this.#end(kind)
        await this.#world.sleep(this.#draw.time(downMsMax))
        await this.#startUntilItRuns()
        return
      case 'reset':
        this.#pickLink()?.reset()
        return
      case 'vanish':
        this.#pickLink()?.vanish()
        return
      case 'deaf': {
        const link = this.#pickLink()
        if (link === undefined) return
        link.pauseReading()
        this.#forAWhile(() => link.resumeReading())
        return
      }
      case 'illness':
        this.#makeIll()
        return
      default:
        this.#fill()
    }
  }

  #pickLink(): ReturnType<World['network']['connect']> {
    const { links } = this.#world.network
    const link = links.length === 0 ? undefined : this.#draw.oneOf(links)
    if (link !== undefined) this.#world.trace.note('nemesis', `troubles ${link.name}`)
    return link
  }

  #makeIll(): void {
    const { disk } = this.#world.machine
    this.#world.trace.note('nemesis', 'the disk is ill')
    disk.errorRate = this.#draw.oneOf([0.02, 0.2, 1])
    this.#forAWhile(() => {
      disk.errorRate = 0
    })
  }

  #fill(): void {
    const { disk } = this.#world.machine
    this.#world.trace.note('nemesis', 'the disk is full')
    disk.fill(true)
    this.#forAWhile(() => disk.fill(false))
  }

  #forAWhile(remedy: () => void): void {
    this.#remedies.add(remedy)
    this.#world.clock.after(this.#draw.time(troubleMsMax), () => {
      if (this.#remedies.delete(remedy)) remedy()
    })
  }

  async #end(kind: 'kill' | 'power' | 'stop'): Promise<void> {
    const { machine, model } = this.#world
    if (kind === 'stop' && machine.state === 'running') {
      // A stop that hangs is cut off, as the program does and whoever watches it.
      const cutOff = this.#world.sleep(stopMsMax).then(() => 'hangs' as const)
      const isStopped = await Promise.race([machine.stop(), cutOff])
      if (isStopped === true) {
        model.onStop()
        return
      }
      const isExcused = machine.disk.isIll || machine.disk.errorCount > 0
      if (isStopped === 'hangs' && !isExcused) {
        throw this.#world.history.fail('the broker does not stop')
      }
    }
    if (machine.kill(kind === 'power' ? 'power' : 'process')) model.onCrash()
  }

  async #startUntilItRuns(): Promise<void> {
    const { machine } = this.#world
    while (machine.state === 'down') {
      if (!this.#isOver && this.#draw.chance(killedStartShare)) this.#killWhileStarting()
      if (await machine.start()) return
      await this.#world.sleep(100)
    }
  }

  #killWhileStarting(): void {
    const { machine, clock } = this.#world
    const how = this.#draw.oneOf(['process', 'power'] as const)
    clock.after(this.#draw.time(100), () => {
      if (machine.state === 'starting') machine.kill(how)
    })
  }
}
