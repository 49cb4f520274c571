// Lets producers through, or holds them between two sends.

export class Gate {
  #opened: Promise<void> = Promise.resolve()
  #open: () => void = () => {}

  /** Resolves when the gate is open. */
  get opened(): Promise<void> {
    return this.#opened
  }

  open(): void {
    this.#open()
  }

  close(): void {
    this.#opened = new Promise((resolve) => {
      this.#open = resolve
    })
  }
}
