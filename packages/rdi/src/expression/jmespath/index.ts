export { compileJmespath } from './compile-jmespath.ts'
export { jmespathFields, jmespathNames, jmespathReferences, usesUuid } from './inspect-jmespath.ts'
