// All virtual hosts of a broker, each with what belongs to it.
import type { Destination } from './destination.ts'
import type { PolicyKeeper } from './policy/policy-keeper.ts'
import type { RouteCache } from './route-cache.ts'
import type { Topics } from './topic/topics.ts'
import type { VHost } from './vhost.ts'

/** A virtual host and what a broker has for it. */
export interface VHostParts {
  readonly vhost: VHost<Destination>
  readonly topics: Topics
  /** Where messages to it go. */
  readonly routes: RouteCache
  readonly policies: PolicyKeeper
}

export class VHosts implements Iterable<VHost<Destination>> {
  readonly #create: (name: string) => VHostParts
  /** Another cell has the virtual host of this name: it is there for what needs one, and nobody sees it. */
  readonly #hidden: string | undefined
  readonly #all = new Map<string, VHostParts>()

  constructor(create: (name: string) => VHostParts, hidden?: string) {
    this.#create = create
    this.#hidden = hidden
  }

  get names(): string[] {
    return [...this.#all.keys()].filter((name) => name !== this.#hidden)
  }

  /** That of this name; made when there is none. */
  add(name: string): VHost<Destination> {
    const parts = this.#all.get(name) ?? this.#create(name)
    this.#all.set(name, parts)
    return parts.vhost
  }

  remove(name: string): void {
    this.#all.delete(name)
  }

  find(name: string): VHostParts | undefined {
    return this.#all.get(name)
  }

  /** Of a virtual host that is there. */
  partsOf({ name }: VHost<Destination>): VHostParts {
    return this.#all.get(name) as VHostParts
  }

  *[Symbol.iterator](): Generator<VHost<Destination>> {
    for (const { vhost } of this.#all.values()) if (vhost.name !== this.#hidden) yield vhost
  }

  /** Also the one that nobody sees: it may have parts of topics. */
  *all(): Generator<VHost<Destination>> {
    for (const { vhost } of this.#all.values()) yield vhost
  }

  *topics(): Generator<Topics> {
    for (const { topics } of this.#all.values()) yield topics
  }
}
