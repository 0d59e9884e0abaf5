/** Type numbers that stand in the log alone. */
export const logType = {
  timestamp2: 17,
  datetime2: 18,
  time2: 19,
  /** MariaDB: columns declared COMPRESSED. */
  compressedBlob: 140,
  compressedVarchar: 141,
} as const

/** Numbers of the events that are looked at. Source: MySQL `Log_event_type`, MariaDB `sql/log_event.h`. */
export const eventType = {
  query: 2,
  stop: 3,
  rotate: 4,
  formatDescription: 15,
  xid: 16,
  tableMap: 19,
  writeRowsV1: 23,
  updateRowsV1: 24,
  deleteRowsV1: 25,
  incident: 26,
  heartbeat: 27,
  writeRows: 30,
  updateRows: 31,
  deleteRows: 32,
  gtid: 33,
  anonymousGtid: 34,
  xaPrepare: 38,
  partialUpdateRows: 39,
  transactionPayload: 40,
  taggedGtid: 42,
  mariadbGtid: 162,
  mariadbStartEncryption: 164,
  compressedQuery: 165,
  compressedWriteRowsV1: 166,
  compressedUpdateRowsV1: 167,
  compressedDeleteRowsV1: 168,
  compressedWriteRows: 169,
  compressedUpdateRows: 170,
  compressedDeleteRows: 171,
} as const
