// The requests of one connection that are being answered, as far as they keep the next ones waiting.
import type { ApiName } from '../../codec/kafka/apis.gen.ts'
import { kafkaLimits } from '../../limits/kafka.ts'
import type { ServedApi } from './request-context.ts'

/** Each `begin` is followed by one `end`. */
export class RequestsInFlight {
  /** Of the APIs that limit how many they are. */
  readonly #counts = new Map<ApiName, number>()
  /** Requests that no other may be begun beside. */
  #blockingCount = 0
  /** Bytes that all of them take. */
  #size = 0

  /** Bytes that they take. */
  get size(): number {
    return this.#size
  }

  /** Whether the next request may be begun. */
  get hasRoom(): boolean {
    return this.#blockingCount === 0 && this.#size < kafkaLimits.kafkaRequestsInFlightSizeMax
  }

  begin<Name extends ApiName>(api: Name, size: number, served: ServedApi<Name>): void {
    this.#size += size
    this.#change(api, served, 1)
  }

  end<Name extends ApiName>(api: Name, size: number, served: ServedApi<Name>): void {
    this.#size -= size
    this.#change(api, served, -1)
  }

  #change<Name extends ApiName>(
    api: Name,
    { isAlone, inFlightMax }: ServedApi<Name>,
    change: 1 | -1,
  ): void {
    if (isAlone) this.#blockingCount += change
    if (inFlightMax === undefined) return
    const before = this.#counts.get(api) ?? 0
    const after = before + change
    this.#counts.set(api, after)
    // The last one that is allowed blocks, until there is one less.
    if (Math.max(before, after) === inFlightMax) this.#blockingCount += change
  }
}
