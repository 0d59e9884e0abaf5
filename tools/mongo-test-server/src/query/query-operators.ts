import type { AnyObject, Options } from 'mingo/types'
import { Query } from 'mingo/query'
import { isDocument } from '../documents/bson-document.ts'
import { plainNumbers } from '../documents/plain-numbers.ts'
import { compares, equals, isAmong, patternOf, type ValuesTest } from './comparisons.ts'
import { fieldValues, missing, wholeFieldValues } from './field-values.ts'
import { bsonTypeName, typeNames } from './value-types.ts'

const logical: ReadonlySet<string> = new Set(['$and', '$or', '$nor', '$expr'])

type Operator = (path: string, value: unknown, options: Options) => (document: AnyObject) => boolean

/** Operators that ask for a value at a path, by what they make of their argument. */
const valueTests: Readonly<Record<string, (wanted: unknown) => ValuesTest>> = {
  $eq: equals,
  $ne: (value) => not(equals(value)),
  $in: (value) => isAmong(listOf(value)),
  $nin: (value) => not(isAmong(listOf(value))),
  $gt: (value) => compares(value, (order) => order > 0),
  $gte: (value) => compares(value, (order) => order >= 0),
  $lt: (value) => compares(value, (order) => order < 0),
  $lte: (value) => compares(value, (order) => order <= 0),
  $type: hasType,
  $exists: exists,
}

/**
 * The query operators that compare values. Those of the query library know the types of JavaScript alone; these follow the BSON comparison
 * order. All others are the library's.
 */
export const queryOperators: Readonly<Record<`$${string}`, Operator>> = {
  ...Object.fromEntries(
    Object.entries(valueTests).map(([name, makeTest]) => [name, onValues(makeTest)]),
  ),
  $all: all,
  $elemMatch: elemMatch,
  $regex: onValues(matches),
  $size: (path, value) => {
    const size = Number(value)
    return (document) =>
      wholeFieldValues(document, path).some(
        (found) => Array.isArray(found) && found.length === size,
      )
  },
  $mod: (path, value) => {
    const [divisor = Number.NaN, remainder = Number.NaN] = listOf(plainNumbers(value)).map(Number)
    return (document) =>
      fieldValues(document, path).some(
        (found) => found !== missing && Math.trunc(Number(found)) % divisor === remainder,
      )
  },
}

function onValues(makeTest: (value: unknown) => ValuesTest): Operator {
  return (path, value) => {
    const test = makeTest(value)
    return (document) => test(fieldValues(document, path))
  }
}

function not(test: ValuesTest): ValuesTest {
  return (values) => !test(values)
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [value]
}

function hasType(wanted: unknown): ValuesTest {
  const names = typeNames(wanted)
  return (values) => values.some((value) => names.has(bsonTypeName(value)))
}

function exists(wanted: unknown): ValuesTest {
  const expected = wanted === true || (wanted !== false && wanted !== null && Number(wanted) !== 0)
  return (values) => values.some((value) => value !== missing) === expected
}

function matches(wanted: unknown): ValuesTest {
  const pattern = patternOf(wanted) ?? new RegExp(String(wanted))
  return (values) => values.some((value) => typeof value === 'string' && pattern.test(value))
}

function all(path: string, wanted: unknown, options: Options): ReturnType<Operator> {
  const tests = listOf(wanted).map((item) => {
    const condition = isDocument(item) && Object.hasOwn(item, '$elemMatch') ? item : { $eq: item }
    const query = new Query({ [path]: condition }, options)
    return (document: AnyObject) => query.test(document)
  })
  return (document) => tests.length > 0 && tests.every((test) => test(document))
}

/** A member of an array at the path has to fulfil all conditions. */
function elemMatch(path: string, wanted: unknown, options: Options): ReturnType<Operator> {
  const test = memberTest(Object(wanted), options)
  return (document) =>
    wholeFieldValues(document, path).some((found) => Array.isArray(found) && found.some(test))
}

/** Conditions on fields are for documents; those on the member itself do not look into a member that is an array. */
function memberTest(
  wanted: Record<string, unknown>,
  options: Options,
): (member: unknown) => boolean {
  const names = Object.keys(wanted)
  if (names.every((name) => !name.startsWith('$') || logical.has(name))) {
    const query = new Query(wanted as AnyObject, options)
    // An array is a document whose fields are named by their places.
    return (member) =>
      (isDocument(member) || Array.isArray(member)) && query.test({ ...Object(member) })
  }
  const { $not: denied, ...others } = wanted
  const own = Object.entries(others).filter(([name]) => valueTests[name] !== undefined)
  const rest = Object.entries(others).filter(([name]) => valueTests[name] === undefined)
  const tests = own.map(([name, value]) => valueTests[name]?.(value))
  const query = new Query({ member: Object.fromEntries(rest) } as AnyObject, options)
  const isDenied =
    denied === undefined
      ? undefined
      : memberTest(isDocument(denied) ? denied : { $regex: denied }, options)
  return (member) =>
    tests.every((test) => test?.([member]) ?? true) &&
    isDenied?.(member) !== true &&
    (rest.length === 0 || query.test({ member }))
}
