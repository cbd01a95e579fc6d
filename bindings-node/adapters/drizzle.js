'use strict'

// Column types for Drizzle. A column type cannot see its row, so it takes only fields that bind no record id.

const { FieldwardError } = require('..')
const { Table } = require('./table.js')

/** Hooks for a `customType`: what both dialects share. */
function hooks (field, declared) {
  if (declared.isBound) {
    throw new FieldwardError('record_id_missing', { kind: 'misuse', message: 'a column type cannot see its row: the field must bind no record id', detail: declared.name })
  }
  return {
    // A token of `tokens`, as `inArray` passes it, is what it is.
    toDriver: (value) => value instanceof Token ? value.stored : field.encrypt(value),
    fromDriver: (stored) => field.decrypt(bytesOf(stored, declared.stored))
  }
}

/** Relational queries of PostgreSQL give `bytea` as hexadecimal text. */
const bytesOf = (stored, form) => form === 'bytes' && typeof stored === 'string' && stored.startsWith('\\x') ? Buffer.from(stored.slice(2), 'hex') : stored

class Token {
  constructor (stored) {
    this.stored = stored
  }
}

/** @param {Function} customType of `drizzle-orm/sqlite-core`, `pg-core` or `mysql-core` */
function encrypted (customType, dataType, keyring, schema, name, options) {
  const declared = schema.field(name)
  return customType({ dataType: () => dataType, ...hooks(keyring.field(schema, name, options), declared) })
}

/** What `inArray(column, ...)` takes to find a value of a deterministic field: a token for each key version. */
const tokens = (field, ...values) => values.flatMap((value) => field.tokens(value)).map((stored) => new Token(stored))

module.exports = { Table, encrypted, tokens }
