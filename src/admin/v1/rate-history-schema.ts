// Rates over a time, as charts show them: a value of each for each moment.
import { z } from 'zod'

const values = z.array(z.number())

export const rateHistorySchema: z.ZodType<{
  times: number[]
  in: number[]
  out: number[]
  ack: number[]
}> = z.object({ times: values, in: values, out: values, ack: values })
