import { exampleReaderPackage, exampleReaderStepType } from './example-reader.mjs'

/**
 * What a user would install, and the reader's step of a job with it.
 *
 * @typedef {object} Combination
 * @property {string} name of its folder
 * @property {string} title
 * @property {readonly string[]} packages as a user would name them to npm
 * @property {'mysql' | 'postgres' | undefined} server that holds the rows; undefined: a file does
 * @property {(table: string) => {stepType: string, parameter: Record<string, unknown>}} reader
 * @property {{stepType: string, install: string}} missing a reader that is not installed, and what a job with it has to be answered
 */

/** How many rows every job moves. */
export const rowCount = 100
/** Beyond 2^53: it has to come through with every digit. */
const lastId = '9007199254740993'
/** @param {number} index from 0 */
const rowOf = (index) => [
  index === rowCount - 1 ? lastId : String(index + 1),
  `customer ${index + 1}`,
  `${index}.50`,
]
/** The rows: id, name and balance. */
export const rows = Array.from({ length: rowCount }, (_, index) => rowOf(index))

/** Where the rows stand for a reader of files: one JSON array a line. */
export const rowsFile = 'rows.jsonl'

const mysql = { stepType: 'mysql', install: 'npm install @millrace/reader-mysql' }
const postgres = { stepType: 'postgresql', install: 'npm install @millrace/reader-postgres' }
const column = ['id', 'name', 'balance']

/** @type {readonly Combination[]} */
export const combinations = [
  {
    name: 'mysql',
    title: 'MySQL to Redis',
    packages: ['@millrace/cli', '@millrace/reader-mysql', '@millrace/writer-redis'],
    server: 'mysql',
    reader: (table) => ({
      stepType: 'mysql',
      parameter: { datasource: 'source', table, column, splitPk: 'id' },
    }),
    missing: postgres,
  },
  {
    name: 'postgres',
    title: 'PostgreSQL to Redis',
    packages: ['@millrace/cli', '@millrace/reader-postgres', '@millrace/writer-redis'],
    server: 'postgres',
    reader: (table) => ({
      stepType: 'postgresql',
      parameter: { datasource: 'source', table, column, splitPk: 'id' },
    }),
    missing: mysql,
  },
  {
    name: 'example',
    title: 'a file to Redis, reader of a third party',
    packages: ['@millrace/cli', exampleReaderPackage, '@millrace/writer-redis'],
    server: undefined,
    reader: () => ({
      stepType: exampleReaderStepType,
      parameter: {
        path: rowsFile,
        columns: column.map((name, index) => ({ name, type: ['int', 'string', 'decimal'][index] })),
      },
    }),
    missing: mysql,
  },
]
