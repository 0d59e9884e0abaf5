/**
 * The record shop's tables as rows: the same on every machine and in every run.
 *
 * @typedef {string | number | boolean | null} Value
 * @typedef {{customers: Value[][], invoices: Value[][], invoice_lines: Value[][]}} ShopRows
 */

const customerCount = 600
const invoiceCount = 2_400
const lineCount = 7_000
const seed = 20_240_229
const firstDay = Date.UTC(2024, 0, 1)
const dayMs = 86_400_000
const days = 700

const firstNames =
  'Ada Björn Chloé Dmitri Élise Fatma Gábor Hannah Inés João Kaori Lars Mei Noor Óscar Priya'.split(
    ' ',
  )
const lastNames =
  "Adler Brânză Costa D'Arcy Eriksson Fernández Grüner Haddad Ito Jansen Kowalska Li Müller Ngata".split(
    ' ',
  )
const countries = [
  'Argentina',
  'Brazil',
  'Canada',
  'Denmark',
  'France',
  'Germany',
  'India',
  'Japan',
  'Norway',
  'Portugal',
]
const adjectives =
  'Blue Broken Distant Electric Golden Hidden Last Midnight Paper Quiet Slow Velvet'.split(' ')
const nouns =
  'Avenue Bird Echo Engine Garden Harbour Letter Mirror Ocean Parade River Signal'.split(' ')
const prices = [0.99, 1.29, 1.99]

/**
 * @returns {ShopRows} 10,000 rows in all; every invoice has one line at least
 */
export function makeShopRows() {
  const random = seededRandom(seed)
  /** @template T @param {readonly T[]} choices */
  const pick = (choices) => /** @type {T} */ (choices[Math.floor(random() * choices.length)])
  const customers = range(customerCount).map((id) => makeCustomer(id, random, pick))
  const totalCents = new Map()
  const lineNumbers = new Map()
  const invoice_lines = range(lineCount).map((line) => {
    const invoice = line <= invoiceCount ? line : 1 + Math.floor(random() * invoiceCount)
    const number = (lineNumbers.get(invoice) ?? 0) + 1
    lineNumbers.set(invoice, number)
    const price = pick(prices)
    const quantity = 1 + Math.floor(random() ** 4 * 5)
    totalCents.set(invoice, (totalCents.get(invoice) ?? 0) + Math.round(price * 100) * quantity)
    return [invoice, number, `${pick(adjectives)} ${pick(nouns)}`, price.toFixed(2), quantity]
  })
  const invoices = range(invoiceCount).map((id) => [
    id,
    1 + Math.floor(random() * customerCount),
    timestamp(firstDay + random() * days * dayMs),
    ((totalCents.get(id) ?? 0) / 100).toFixed(2),
    random() < 0.9,
  ])
  return { customers, invoices, invoice_lines }
}

/**
 * @param {number} id
 * @param {() => number} random
 * @param {<T>(choices: readonly T[]) => T} pick
 * @returns {Value[]}
 */
function makeCustomer(id, random, pick) {
  const first = pick(firstNames)
  const last = pick(lastNames)
  const mailbox = `${first}.${last}`
    .normalize('NFD')
    .replace(/[^A-Za-z.]/g, '')
    .toLowerCase()
  const phone =
    random() < 0.25 ? null : `+${Math.floor(10_000_000_000 + random() * 80_000_000_000)}`
  const joined = timestamp(firstDay + random() * days * dayMs)
  return [id, `${first} ${last}`, `${mailbox}${id}@example.com`, pick(countries), phone, joined]
}

/** @param {number} count */
function range(count) {
  return Array.from({ length: count }, (_, index) => index + 1)
}

/** @param {number} timeMs */
function timestamp(timeMs) {
  return new Date(timeMs).toISOString().slice(0, 19).replace('T', ' ')
}

/**
 * The generator mulberry32.
 *
 * @param {number} start
 * @returns {() => number} from 0 to below 1
 */
function seededRandom(start) {
  let state = start
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
