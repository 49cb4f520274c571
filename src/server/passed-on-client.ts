// A client whose virtual host another node serves. Its bytes go through; this node says something itself only when the
// other one cannot any more, between two frames or packets.
import type { Socket } from 'node:net'
import { type Incoming, takeOver } from './byte-source.ts'
import { Relay, type RelayOwner, type RelayParts } from './relay.ts'
import { noteEndReason } from './web-socket-facts.ts'

/** Where another node has taken the client. */
export interface PassedOnRoute {
  readonly socket: Socket
  /** For people. */
  readonly nodeName: string
}

/** Follows what a client is sent, without looking into it. */
export interface StreamTracker {
  /** Whether something may be said here. */
  readonly isBetweenFrames: boolean
  /** Whether the last word has gone by. */
  readonly hasClosed: boolean
  follow(bytes: Buffer): void
  /** Follows no more than the rest of the frame that has begun; how many bytes that is of these. */
  followToEnd(bytes: Buffer): number
}

/** Why this node ends a client: its owner has gone, or is another one by now, or this node stops. */
export type PassedOnEnd = 'gone' | 'moved' | 'stopping'

/** How a client is told of an end, in a protocol that can say it. */
export interface LastWords {
  readonly tracker: StreamTracker
  /** Empty where the client is told nothing. */
  readonly say: (end: PassedOnEnd, reason: string) => Buffer
  /** How long the client has then. */
  readonly waitMs: number
}

/** What has come of a client that is let go of. */
export interface Released extends Incoming {
  /** What it has sent, and nobody has answered. */
  readonly unread: Buffer
}

interface Due {
  readonly end: PassedOnEnd
  readonly reason: string
  readonly waitMs: number
}

export class PassedOnClient<Route extends PassedOnRoute = PassedOnRoute> implements RelayOwner {
  readonly route: Route
  readonly #relay: Relay
  readonly #words: LastWords
  readonly #onClosed: (client: PassedOnClient<Route>) => void
  /** What is said at the end of the frame that has begun, and how long the client has then. */
  #due: Due | undefined
  #isEnding = false

  constructor(
    { unread, socket, source }: Released,
    { route, words }: { readonly route: Route; readonly words: LastWords },
    parts: RelayParts,
    onClosed: (client: PassedOnClient<Route>) => void,
  ) {
    this.route = route
    this.#words = words
    this.#onClosed = onClosed
    const link = takeOver(route.socket, true)
    if (unread.length > 0) link.socket.write(unread)
    this.#relay = new Relay({ socket, source }, link, parts, this)
  }

  onFromLink(bytes: Buffer): void {
    const { tracker } = this.#words
    if (this.#due === undefined) {
      tracker.follow(bytes)
      this.#relay.toClient(bytes)
      return
    }
    const size = tracker.followToEnd(bytes)
    this.#relay.toClient(bytes.subarray(0, size))
    if (tracker.isBetweenFrames) this.#end(this.#due)
  }

  /** The owner has said its last word, or could not say one. */
  onLinkEnded(): void {
    const { nodeName } = this.route
    const reason = `${nodeName}, the node that served its virtual host, is gone`
    this.#end({ end: 'gone', reason, waitMs: this.#words.waitMs })
  }

  onClosed(): void {
    this.#onClosed(this)
  }

  /** Ends the connection, and tells the client why if the owner does not do so meanwhile. */
  close(
    end: Exclude<PassedOnEnd, 'gone'>,
    reason: string,
    waitMs: number = this.#words.waitMs,
  ): void {
    const { tracker } = this.#words
    if (this.#isEnding || this.#due !== undefined) return
    const due = { end, reason, waitMs }
    if (tracker.isBetweenFrames || tracker.hasClosed) {
      this.#end(due)
      return
    }
    this.#due = due
    this.#relay.endAfter(waitMs)
  }

  #end({ end, reason, waitMs }: Due): void {
    if (this.#isEnding) return
    this.#isEnding = true
    noteEndReason(this.#relay.socket, 'shutting-down')
    this.#relay.cutLink()
    const { tracker, say } = this.#words
    const isOver = tracker.hasClosed || this.#relay.hasClientEnded
    if (tracker.isBetweenFrames && !isOver) this.#relay.toClient(say(end, reason))
    this.#relay.endClient(waitMs)
  }
}
