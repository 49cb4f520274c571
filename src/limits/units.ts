// Units of sizes. The limits beside this file stand by area, each with its reason. Reaching one is
// backpressure or a clear error to the sender, never an out-of-memory. Sizes are bytes and times are
// milliseconds unless a name says otherwise. (`as number`: an exported expression needs a type here.)

export const KiB = 1024
export const MiB: number = 1024 * KiB
export const GiB: number = 1024 * MiB
