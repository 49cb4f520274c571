/** What the keys of jobs in the log's keyed state begin with. */
export const jobKeyStart = 'job/'
