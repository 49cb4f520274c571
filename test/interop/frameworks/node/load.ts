// The frameworks are installed outside of the project, so its own programs find them through a
// require of their folder.

import { createRequire } from 'node:module'
import { join } from 'node:path'

/** Loads a package of test/interop/frameworks/node/package.json. @throws Error when it is not there. */
export const load: NodeJS.Require = createRequire(
  join(process.env['INTEROP_MODULES'] ?? import.meta.dirname, 'package.json'),
)
