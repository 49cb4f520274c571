// Preloaded into a broker: notes every module that is loaded, and whether the broker was ready then.
import { appendFileSync, existsSync } from 'node:fs'
import { registerHooks } from 'node:module'

const { PABAL_READY_FILE: readyFile = '', PABAL_TEST_MODULES: list = '' } = process.env

registerHooks({
  load(url, context, nextLoad) {
    appendFileSync(list, `${existsSync(readyFile) ? 'late' : 'early'} ${url}\n`)
    return nextLoad(url, context)
  },
})
