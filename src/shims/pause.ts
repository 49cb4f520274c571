import { keepProcessAlive, systemClock } from '../lib/clock.ts'

/** Waits; the process stays for it. */
export async function pause(ms: number): Promise<void> {
  const staying = keepProcessAlive()
  try {
    await new Promise<void>((resolve) => void systemClock.after(ms, resolve))
  } finally {
    staying.stop()
  }
}
