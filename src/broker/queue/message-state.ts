/**
 * Where a message of a queue is: it waits, a consumer has it, it came back and waits for its next try, it is
 * dead and has not found its way yet, or it was acked (or dropped) and is kept for replay.
 */
export type MessageState = 'ready' | 'unacked' | 'delayed' | 'dead' | 'acked'
