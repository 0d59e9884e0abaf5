import { randomBytes } from 'node:crypto'
import { Binary, Decimal128, Int32, Long, MongoClient, MongoServerError } from 'mongodb'

/**
 * A database of the benchmark's own with the collection `customers`.
 *
 * @typedef {object} LoadedCollection
 * @property {string} url
 * @property {string} database
 * @property {string} version
 * @property {boolean} isTestServer whether it is the project's own server, which keeps its data in memory
 * @property {number} rows
 * @property {readonly CustomerColumn[]} columns
 * @property {() => Promise<void>} drop
 *
 * @typedef {{name: string, type: string}} CustomerColumn
 */

const rowsPerInsert = 10_000
const rowsPerFill = 100_000
const commandNotFound = 59
const firstDayMs = Date.UTC(2020, 0, 1)

/** @type {readonly CustomerColumn[]} */
const columns = [
  { name: '_id', type: 'string' },
  { name: 'name', type: 'string' },
  { name: 'town', type: 'string' },
  { name: 'age', type: 'int' },
  { name: 'visits', type: 'long' },
  { name: 'balance', type: 'decimal' },
  { name: 'rating', type: 'double' },
  { name: 'active', type: 'bool' },
  { name: 'since', type: 'date' },
  { name: 'tag', type: 'bytes' },
]

/**
 * Makes a database with a random name and fills it with documents of ten fields of ten types.
 *
 * @param {string} url
 * @param {number} rows
 * @returns {Promise<LoadedCollection>}
 */
export async function loadCollection(url, rows) {
  const database = `millrace_bench_${randomBytes(4).toString('hex')}`
  const client = await new MongoClient(url).connect()
  const isTestServer = await fillAtTestServer(client, database, rows)
  if (!isTestServer) await insertCustomers(client, database, rows)
  const { version } = await client.db('admin').command({ buildInfo: 1 })
  const drop = async () => {
    await client.db(database).dropDatabase()
    await client.close()
  }
  return { url, database, version: String(version), isTestServer, rows, columns, drop }
}

/**
 * In steps: while it makes documents, the test server answers nobody.
 *
 * @param {MongoClient} client
 * @param {string} database
 * @param {number} rows
 * @returns {Promise<boolean>} false for a server that is no test server
 */
async function fillAtTestServer(client, database, rows) {
  const fill = { millraceTest: 1, action: 'fill', database, collection: 'customers' }
  try {
    for (let first = 0; first < rows; first += rowsPerFill) {
      const count = Math.min(rowsPerFill, rows - first)
      await client.db('admin').command({ ...fill, count })
    }
    return true
  } catch (error) {
    if (error instanceof MongoServerError && error.code === commandNotFound) return false
    throw error
  }
}

/**
 * The documents that the test server makes up itself.
 *
 * @param {MongoClient} client
 * @param {string} database
 * @param {number} rows
 */
async function insertCustomers(client, database, rows) {
  const collection = client.db(database).collection('customers')
  for (let first = 0; first < rows; first += rowsPerInsert) {
    const length = Math.min(rowsPerInsert, rows - first)
    const documents = Array.from({ length }, (_, index) => madeUpCustomer(first + index))
    await collection.insertMany(documents)
  }
}

/** @param {number} index */
function madeUpCustomer(index) {
  return {
    name: `customer ${index}`,
    town: ['Bergen', 'Lyon', 'Porto', 'Graz'][index % 4],
    age: new Int32(18 + (index % 70)),
    visits: Long.fromNumber(index * 7919),
    balance: Decimal128.fromString(`${index % 100_000}.${String(index % 100).padStart(2, '0')}`),
    rating: (index % 50) / 10,
    active: index % 3 === 0,
    since: new Date(firstDayMs + index * 60_000),
    tag: new Binary(Buffer.from([index & 0xff, (index >> 8) & 0xff, (index >> 16) & 0xff])),
  }
}
