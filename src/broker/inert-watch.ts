import type { InertNotice } from './inert-settings.ts'

/** Tells what is asked for and has no effect. */
export class InertWatch {
  readonly #onInert: (notice: InertNotice) => void

  constructor(onInert: (notice: InertNotice) => void) {
    this.#onInert = onInert
  }

  /** Nothing is told where there are no such settings. */
  tell(notice: InertNotice): void {
    if (notice.settings.length > 0) this.#onInert(notice)
  }
}
