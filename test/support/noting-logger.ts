// A logger that keeps the texts of its warnings and drops the rest.
import { type Logger, silentLogger } from '../../src/lib/logger.ts'

export function notingLogger(): { readonly logger: Logger; readonly warnings: string[] } {
  const warnings: string[] = []
  const logger: Logger = {
    ...silentLogger,
    warn: (...line) => {
      const [first, text] = line
      warnings.push(text ?? (first as string))
    },
    child: () => logger,
  }
  return { logger, warnings }
}
