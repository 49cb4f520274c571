// Every limit of the broker, with its reason. Reaching one is backpressure or a clear error to the
// sender, never an out-of-memory. Sizes are bytes and times milliseconds unless a name says otherwise.

const KiB = 1024
const MiB = 1024 * KiB
