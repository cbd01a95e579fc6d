'use strict'

// Plain JSON, in and out: only what comes back as it went in.

const refuse = () => { throw new TypeError('not plain JSON') }

function check (value, depth) {
  if (depth > 100) refuse()
  switch (typeof value) {
    case 'string':
      if (/\p{Surrogate}/u.test(value)) refuse()
      return
    case 'boolean':
      return
    case 'number':
      if (!Number.isFinite(value) || Object.is(value, -0)) refuse()
      return
    case 'object':
      break
    default:
      refuse()
  }
  if (value === null) return
  if (Array.isArray(value)) {
    if (Object.keys(value).length !== value.length) refuse()
    for (const element of value) check(element, depth + 1)
    return
  }
  const prototype = Object.getPrototypeOf(value)
  if ((prototype !== Object.prototype && prototype !== null) || typeof value.toJSON === 'function') refuse()
  for (const name of Object.keys(value)) {
    check(name, depth)
    check(value[name], depth + 1)
  }
}

function toJson (value) {
  check(value, 0)
  return JSON.stringify(value)
}

// Strings, which are passed over, and numbers.
const TOKEN = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g

/** An integer past 2^53 - 1 would come back as another. */
function fromJson (text) {
  for (const [token] of text.matchAll(TOKEN)) {
    if (token.length > 15 && /^-?\d+$/.test(token) && !Number.isSafeInteger(Number(token))) refuse()
  }
  return JSON.parse(text)
}

module.exports = { fromJson, toJson }
