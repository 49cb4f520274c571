// Type tags of field values as RabbitMQ reads them, which is not the list of AMQP 0-9-1 §4.2.1.

/** `t`, one octet; anything but 0 is true. */
export const TAG_BOOL = 0x74
/** `b`, signed 8 bit. */
export const TAG_BYTE = 0x62
/** `B`, unsigned 8 bit. */
export const TAG_UNSIGNED_BYTE = 0x42
/** `s`, signed 16 bit; a short string in the specification. */
export const TAG_SHORT = 0x73
/** `u`, unsigned 16 bit. */
export const TAG_UNSIGNED_SHORT = 0x75
/** `I`, signed 32 bit. */
export const TAG_SIGNED_INT = 0x49
/** `i`, unsigned 32 bit. */
export const TAG_UNSIGNED_INT = 0x69
/** `l`, signed 64 bit. */
export const TAG_LONG = 0x6c
/** `L`, signed 64 bit too; never written. */
export const TAG_LONG_ALIAS = 0x4c
/** `f`, IEEE 754 single. */
export const TAG_FLOAT = 0x66
/** `d`, IEEE 754 double. */
export const TAG_DOUBLE = 0x64
/** `D`, octet scale and unsigned 32 bit. */
export const TAG_DECIMAL = 0x44
/** `S`, 32-bit length and bytes. */
export const TAG_LONGSTR = 0x53
/** `x`, 32-bit length and bytes. */
export const TAG_BINARY = 0x78
/** `T`, unsigned 64-bit seconds. */
export const TAG_TIMESTAMP = 0x54
/** `A`, 32-bit length and values. */
export const TAG_ARRAY = 0x41
/** `F`, a table. */
export const TAG_TABLE = 0x46
/** `V`, no bytes. */
export const TAG_VOID = 0x56
