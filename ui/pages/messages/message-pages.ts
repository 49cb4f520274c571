// The list of messages: pages of the API one after the other, in one direction. A search goes on until it has found
// a page full, for so long as one would wait; then it says how far it is, and goes on when asked.
import { type Signal, signal } from '@preact/signals'
import type { MessagePageJson } from '../../../src/admin/v1/browse-operations.ts'
import type { FilterJson } from '../../../src/admin/v1/filter-schema.ts'
import { ask, Problem } from '../../lib/api.ts'
import { apiPath, query } from '../../lib/names.ts'
import { isEmptyFilter } from './filter-terms.ts'
import type { Message, StreamRef } from './message.ts'

export type Order = 'newest' | 'oldest'

export interface PagesAsked extends StreamRef {
  readonly order: Order
  readonly from: string | undefined
  readonly partition: string | undefined
  readonly filter: FilterJson
}

export interface PagesState {
  readonly messages: readonly Message[]
  /** `rests`: there is more, and it waits to be asked. */
  readonly kind: 'loads' | 'rests' | 'ended'
  /** Messages that were looked at, and offsets that were not. */
  readonly lookedAt: number
  readonly left: number
  readonly seesPayloads: boolean
  readonly problem?: Problem | undefined
}

const limits = {
  pageCount: 100,
  /** Bytes of each payload: a line of it. */
  payloadSize: 240,
  /** Requests of one search before it asks whether to go on; each reads up to 16 MiB. */
  searchRequests: 12,
  /** Messages that a list holds; a filter finds the others. */
  messagesMax: 20_000,
}

const beginning: PagesState = {
  messages: [],
  kind: 'loads',
  lookedAt: 0,
  left: 0,
  seesPayloads: true,
}

/** What the API is asked for a page. */
export function pagePath(asked: PagesAsked, cursor?: string): string {
  const { vhost, name, order, from, partition, filter } = asked
  const params = {
    order,
    from,
    partition,
    cursor,
    count: limits.pageCount,
    payload: limits.payloadSize,
    filter: isEmptyFilter(filter) ? undefined : JSON.stringify(filter),
  }
  return apiPath`/v1/streams/${vhost}/${name}/messages` + query(params)
}

export class MessagePages {
  readonly state: Signal<PagesState> = signal(beginning)
  readonly #asked: PagesAsked
  #cursor: string | undefined
  #stop: AbortController | undefined

  constructor(asked: PagesAsked) {
    this.#asked = asked
    this.more()
  }

  /** Reads on, unless it does or there is nothing more. */
  more(): void {
    const { kind, messages } = this.state.peek()
    if (this.#stop !== undefined || kind === 'ended' || messages.length >= limits.messagesMax)
      return
    this.#stop = new AbortController()
    void this.#read(this.#stop)
  }

  /** A search rests where it is. */
  stop(): void {
    this.#stop?.abort()
    this.#stop = undefined
    if (this.state.peek().kind === 'loads') this.#set({ kind: 'rests' })
  }

  async #read(own: AbortController): Promise<void> {
    this.#set({ kind: 'loads', problem: undefined })
    const isSearch = !isEmptyFilter(this.#asked.filter)
    let found = 0
    try {
      for (let requests = 0; requests < limits.searchRequests; requests++) {
        const path = pagePath(this.#asked, this.#cursor)
        const { signal: stopped } = own
        const page = await ask<MessagePageJson>('GET', path, undefined, { signal: stopped })
        if (stopped.aborted) return
        found += page.messages.length
        this.#take(page)
        if (page.next === null || !isSearch || found >= limits.pageCount / 2) break
      }
      this.#set({ kind: this.#cursor === undefined ? 'ended' : 'rests' })
    } catch (error) {
      if (own.signal.aborted) return
      const problem = error instanceof Problem ? error : new Problem(0, String(error))
      this.#set({ kind: 'rests', problem })
    } finally {
      if (this.#stop === own) this.#stop = undefined
    }
  }

  #take({
    messages,
    next,
    looked_at: looked,
    left,
    sees_payloads: seesPayloads,
  }: MessagePageJson): void {
    const before = this.state.peek()
    this.#cursor = next ?? undefined
    this.#set({
      messages: [...before.messages, ...(messages as unknown as readonly Message[])],
      lookedAt: before.lookedAt + looked,
      left,
      seesPayloads,
    })
  }

  #set(changes: Partial<PagesState>): void {
    this.state.value = { ...this.state.peek(), ...changes }
  }
}
