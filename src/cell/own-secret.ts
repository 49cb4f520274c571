// What only the broker knows: it is made once and kept.
import type { Random } from '../lib/random.ts'
import type { LogStore } from '../log/log-store.ts'

const stateKey = 'secret'
const secretSize = 32

/** The secret among the log's keyed state at the start. */
export function keptSecretOf(state: ReadonlyMap<string, Buffer>): Buffer | undefined {
  return state.get(stateKey)
}

/** A new one, which is put there. */
export function makeSecret(store: LogStore, random: Random): Buffer {
  const secret = random.bytes(secretSize)
  store.beginAtom()
  store.putState(stateKey, secret)
  store.endAtom()
  return secret
}
