// Preloaded into a broker (node --import) to let every write of the log wait before it reaches the
// system. SIGKILL loses nothing that the system has; so it loses more, and what was answered or shown
// ahead of its write is missed.

import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'

const writeDelayMs = 5

const { writev } = fs
fs.writev = ((...call: Parameters<typeof fs.writev>) => {
  setTimeout(() => writev(...call), writeDelayMs)
}) as typeof fs.writev
syncBuiltinESMExports()
