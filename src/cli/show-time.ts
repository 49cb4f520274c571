/** A time of a message in milliseconds since the Unix epoch; producers of Kafka may claim any. */
export function showTime(time: number): string {
  const date = new Date(time)
  return Number.isNaN(date.getTime()) ? `${time}` : date.toISOString()
}
