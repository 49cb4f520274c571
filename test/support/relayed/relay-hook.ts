// Preloaded into brokers of tests (`node --import`): clients of AMQP come in through an edge and are passed on over a
// link, in the same process, whatever the broker is started with.
import { registerHooks } from 'node:module'

const replaced = new URL('../../../src/node/open-amqp.ts', import.meta.url).href
const instead = new URL('open-amqp-relayed.ts', import.meta.url).href

registerHooks({
  load(url, context, next) {
    if (url !== replaced) return next(url, context)
    const source = `export { openAmqp } from ${JSON.stringify(instead)}`
    return { format: 'module', source, shortCircuit: true }
  },
})
