import type { RdiValue } from '../../../model/expression.ts'
import type { Evaluate } from '../compile/evaluate.ts'
import type { RdiObject } from '../values/value-type.ts'
import type { ArgumentValue, Parameter } from './definition.ts'

function parameter<T extends ArgumentValue>(
  expected: string,
  accepts: (value: ArgumentValue) => boolean,
): Parameter<T> {
  return {
    expected,
    accepts: accepts as Parameter<T>['accepts'],
    isOptional: false,
    isRepeated: false,
    isExpression: false,
  }
}

/** An argument that may be left out. */
export function optional<T extends ArgumentValue>(given: Parameter<T>): Parameter<T | undefined> {
  return { ...given, isOptional: true } as unknown as Parameter<T | undefined>
}

const isNull = (value: ArgumentValue): boolean => value === null || value === undefined
const isString = (value: ArgumentValue): boolean => typeof value === 'string'
const isNumber = (value: ArgumentValue): boolean =>
  typeof value === 'number' || typeof value === 'bigint'
const isList = (value: ArgumentValue): value is readonly RdiValue[] => Array.isArray(value)
const isObject = (value: ArgumentValue): boolean =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

export const any = parameter<RdiValue>('any value', () => true)
export const string = parameter<string>('a string', isString)
export const stringOrNull = parameter<string | null>(
  'a string or null',
  (value) => isString(value) || isNull(value),
)
export const number = parameter<number | bigint>('a number', isNumber)
export const integer = parameter<number | bigint>(
  'an integer',
  (value) => typeof value === 'bigint' || Number.isInteger(value),
)
export const stringOrNumber = parameter<string | number | bigint>(
  'a string or a number',
  (value) => isString(value) || isNumber(value),
)
export const list = parameter<readonly RdiValue[]>('an array', isList)
export const listOrNull = parameter<readonly RdiValue[] | null>(
  'an array or null',
  (value) => isList(value) || isNull(value),
)
export const object = parameter<RdiObject>('an object', isObject)
export const objectOrNull = parameter<RdiObject | null>(
  'an object or null',
  (value) => isObject(value) || isNull(value),
)
export const sized = parameter<string | readonly RdiValue[] | RdiObject>(
  'a string, an array or an object',
  (value) => isString(value) || isList(value) || isObject(value),
)
export const stringOrList = parameter<string | readonly RdiValue[]>(
  'a string or an array',
  (value) => isString(value) || isList(value),
)
export const numbers = parameter<readonly (number | bigint)[]>(
  'an array of numbers',
  (value) => isList(value) && value.every(isNumber),
)
export const strings = parameter<readonly string[]>(
  'an array of strings',
  (value) => isList(value) && value.every(isString),
)
export const numbersOrStrings = parameter<readonly (string | number | bigint)[]>(
  'an array of numbers or an array of strings',
  (value) => isList(value) && (value.every(isNumber) || value.every(isString)),
)
export const lists = parameter<readonly (readonly RdiValue[])[]>(
  'an array of arrays',
  (value) => isList(value) && value.every(isList),
)
export const expression: Parameter<Evaluate> = {
  ...parameter<Evaluate>('an expression (`&name`)', (value) => typeof value === 'function'),
  isExpression: true,
}
