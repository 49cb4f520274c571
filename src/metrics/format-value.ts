// Numbers as Prometheus reads and writes them.

/** A value: Go's parser takes JavaScript's digits, but not its words. */
export function formatValue(value: number): string {
  if (value === Infinity) return '+Inf'
  if (value === -Infinity) return '-Inf'
  return String(value)
}

/**
 * The bound of a bucket, which is a label: the same text for the same number whoever writes it. This is that
 * of Prometheus 3, which dashboards ask for (`le="100.0"`, `le="1e+06"`).
 */
export function formatBound(bound: number): string {
  if (bound === Infinity) return '+Inf'
  const isUsual = bound === 0 || (bound >= 1e-4 && bound < 1e6)
  if (isUsual) return Number.isInteger(bound) ? `${bound}.0` : String(bound)
  return bound.toExponential().replace(/([+-])(\d)$/, '$10$2')
}
