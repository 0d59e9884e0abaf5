export { compileJmespath } from './compile-jmespath.ts'
export { jmespathFields, jmespathReferences, usesUuid } from './inspect-jmespath.ts'
