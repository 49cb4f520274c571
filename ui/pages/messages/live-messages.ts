// Messages as they come: a tail of the API. What comes is shown four times in a second at most, and every message
// is: when the page has to wait, or somebody pauses, the broker waits too, and says what was gone by then.
import { type Signal, signal } from '@preact/signals'
import { apiUrl, ownHeaders, problemOf } from '../../lib/api.ts'
import { readEvents } from '../../lib/event-stream.ts'
import { apiPath, query } from '../../lib/names.ts'
import { problemText } from '../../lib/use-run.ts'
import { isEmptyFilter } from './filter-terms.ts'
import type { PagesAsked } from './message-pages.ts'
import type { Message } from './message.ts'

export interface LiveState {
  /** The newest first. */
  readonly messages: readonly Message[]
  readonly kind: 'opens' | 'follows' | 'paused' | 'ended'
  /** Since it began. */
  readonly seenCount: number
  /** Those that have come and wait until the reader looks at the top again. */
  readonly waitingCount: number
  /** Those that left the list, as it has its limit. */
  readonly droppedCount: number
  /** What could not be shown, in words. */
  readonly gaps: readonly string[]
  readonly reason?: string | undefined
}

const limits = {
  messagesMax: 5000,
  /** So many are taken before the page shows them; then the broker waits. */
  aheadMax: 2000,
  showMs: 250,
  retryMs: 1000,
  payloadSize: 240,
}

const gapWords: Readonly<Record<string, string>> = {
  trimmed: 'were trimmed by the retention',
  acked: 'were taken and acked',
}

export class LiveMessages {
  readonly state: Signal<LiveState> = signal({
    messages: [],
    kind: 'opens',
    seenCount: 0,
    waitingCount: 0,
    droppedCount: 0,
    gaps: [],
  })
  /** Whether somebody reads something that would move away. */
  isHeld: () => boolean = () => false
  readonly #asked: PagesAsked
  readonly #stop = new AbortController()
  #ahead: Message[] = []
  #place: string | undefined
  #isPaused = false
  #resume: (() => void) | undefined
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(asked: PagesAsked) {
    this.#asked = asked
    void this.#follow()
  }

  pause(): void {
    this.#isPaused = true
    this.#set({ kind: 'paused' })
  }

  resume(): void {
    this.#isPaused = false
    this.#set({ kind: 'follows' })
    this.#show()
  }

  end(): void {
    this.#stop.abort()
    clearTimeout(this.#timer)
    this.#resume?.()
  }

  /** Begins anew where it was, whenever it breaks off. */
  async #follow(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      const reason = await this.#read().catch((error: unknown) => {
        if (this.#stop.signal.aborted) return undefined
        return { isFinal: false, text: problemText(error) }
      })
      if (this.#stop.signal.aborted) return
      if (reason?.isFinal === true) {
        this.#show()
        this.#set({ kind: 'ended', reason: reason.text })
        return
      }
      this.#set({ reason: reason?.text })
      await new Promise((resolve) => setTimeout(resolve, limits.retryMs))
    }
  }

  async #read(): Promise<{ readonly isFinal: boolean; readonly text: string } | undefined> {
    const { vhost, name, partition, filter } = this.#asked
    const params = {
      partition,
      payload: limits.payloadSize,
      filter: isEmptyFilter(filter) ? undefined : JSON.stringify(filter),
    }
    const path = apiPath`/v1/streams/${vhost}/${name}/tail` + query(params)
    const last = this.#place === undefined ? {} : { 'Last-Event-ID': this.#place }
    const headers = { ...ownHeaders, ...last }
    const response = await fetch(apiUrl(path), { headers, signal: this.#stop.signal })
    if (!response.ok || response.body === null) {
      const { status } = response
      const { message } = problemOf(status, await response.text())
      return { isFinal: status !== 429 && status !== 503, text: message }
    }
    this.#set({ kind: this.#isPaused ? 'paused' : 'follows', reason: undefined })
    for await (const { event, data, id } of readEvents(response.body)) {
      if (id !== undefined) this.#place = id
      if (event === 'end') {
        return { isFinal: true, text: (JSON.parse(data) as { readonly reason: string }).reason }
      }
      if (event === 'gap') this.#tellGap(data)
      if (event === 'message' && data !== '') await this.#take(JSON.parse(data) as Message)
    }
    return undefined
  }

  #tellGap(data: string): void {
    const gap = JSON.parse(data) as { readonly count?: number; readonly reason?: string }
    const words = gapWords[gap.reason ?? ''] ?? 'could not be shown'
    const text = `${gap.count ?? 'Some'} messages ${words} before they could be shown`
    this.#set({ gaps: [...this.state.peek().gaps, text].slice(-20) })
  }

  /** Waits while the page has enough to show: what is not read, the broker keeps. */
  async #take(message: Message): Promise<void> {
    this.#ahead.push(message)
    this.#timer ??= setTimeout(() => this.#show(), limits.showMs)
    if (this.#ahead.length < limits.aheadMax) return
    await new Promise<void>((resolve) => (this.#resume = resolve))
  }

  #show(): void {
    this.#timer = undefined
    if (this.#isPaused || this.#ahead.length === 0) return
    if (this.isHeld()) {
      this.#set({ waitingCount: this.#ahead.length })
      this.#timer = setTimeout(() => this.#show(), limits.showMs)
      return
    }
    const { messages, seenCount, droppedCount } = this.state.peek()
    const all = [...this.#ahead.toReversed(), ...messages]
    this.#set({
      messages: all.slice(0, limits.messagesMax),
      seenCount: seenCount + this.#ahead.length,
      waitingCount: 0,
      droppedCount: droppedCount + Math.max(0, all.length - limits.messagesMax),
    })
    this.#ahead = []
    this.#resume?.()
    this.#resume = undefined
  }

  #set(changes: Partial<LiveState>): void {
    this.state.value = { ...this.state.peek(), ...changes }
  }
}
