/** A time as RabbitMQ writes it: `2026-11-29T16:48:29.701+00:00`. */
export function timeText(ms: number | undefined): string | undefined {
  return ms === undefined ? undefined : new Date(ms).toISOString().replace('Z', '+00:00')
}
