/**
 * One row of the table that is moved, as text, in the order of `customerColumns`.
 *
 * @typedef {[id: number, name: string, email: string, country: string, total: string]} Customer
 */

export const customerColumns = ['id', 'name', 'email', 'country', 'total']

const firstNames =
  'Anna Ben Carla David Eva Frank Grace Henry Ines Jonas Karin Luca Maria Nils Olga Paul Rosa Simon Tara Viktor'.split(
    ' ',
  )
const lastNames =
  'Adams Brown Clark Davis Evans Fischer Garcia Hansen Ivanov Jansen Keller Lopez Martin Nowak Olsen Peters Rossi Schmidt Tanaka Weber'.split(
    ' ',
  )
const accentedNames = [
  'Zoë Müller',
  'José Núñez',
  'Łukasz Żak',
  'Søren Ågård',
  '王 小明',
  'Ирина Ёлкина',
]
const countries =
  'Austria Brazil Canada Denmark Egypt France Germany Hungary India Japan Kenya Mexico Norway Poland Spain'.split(
    ' ',
  )

/** One row in this many has a name with letters beyond ASCII. */
const accentedEvery = 30

/**
 * The row of a number: always the same, whatever was asked before.
 *
 * @param {number} id from 1
 * @returns {Customer}
 */
export function makeCustomer(id) {
  const random = scramble(id)
  const first = pick(firstNames, random)
  const last = pick(lastNames, random >>> 5)
  const isAccented = random % accentedEvery === 0
  const name = isAccented ? pick(accentedNames, random >>> 3) : `${first} ${last}`
  const email = `${first}.${last}.${id}@example.com`.toLowerCase()
  const cents = scramble(random) % 1_000_000
  const total = `${Math.floor(cents / 100)}.${String(cents % 100).padStart(2, '0')}`
  return [id, name, email, pick(countries, random >>> 11), total]
}

/**
 * @param {number} count rows in all
 * @param {number} size rows in a chunk
 * @returns {Generator<Customer[]>} the rows 1 to `count`
 */
export function* customerChunks(count, size) {
  for (let first = 1; first <= count; first += size) {
    const length = Math.min(size, count - first + 1)
    yield Array.from({ length }, (_, index) => makeCustomer(first + index))
  }
}

/**
 * A seeded random number of 32 bits (the finaliser of MurmurHash3).
 *
 * @param {number} seed
 */
function scramble(seed) {
  let hash = (seed ^ 0x9e37_79b9) >>> 0
  hash = Math.imul(hash ^ (hash >>> 16), 0x85eb_ca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2_ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}

/**
 * @param {readonly string[]} list
 * @param {number} random
 */
function pick(list, random) {
  return list[random % list.length] ?? ''
}
