'use strict'

// TypeORM: a transformer for single columns, and a subscriber that binds the record's id.

const { FieldwardError } = require('..')
const { Table } = require('./table.js')

class Token {
  constructor (stored) {
    this.stored = stored
  }
}

/** A value transformer. It cannot see its row, so it takes only fields that bind no record id. */
function transformer (keyring, schema, name, options) {
  if (schema.field(name).isBound) {
    throw new FieldwardError('record_id_missing', { kind: 'misuse', message: 'a transformer cannot see its row: the field must bind no record id', detail: name })
  }
  const field = keyring.field(schema, name, options)
  return {
    to: (value) => value instanceof Token ? value.stored : field.encrypt(value),
    from: (stored) => field.decrypt(stored)
  }
}

/** What finds a value through a subscriber's table: a part of `where`. */
function matching (table, column, ...values) {
  const { In } = require('typeorm')
  const found = values.map((value) => table.search(column, value))
  return { [found[0]?.column ?? column]: In(found.flatMap(({ tokens }) => tokens)) }
}

/** What finds values of a deterministic field with a transformer: a token for each key version. */
function tokens (field, ...values) {
  const { In } = require('typeorm')
  return In(values.flatMap((value) => field.tokens(value)).map((stored) => new Token(stored)))
}

/** A subscriber of one entity: seals it before a write, opens it after a write and after it is loaded. */
function subscriber (entity, table) {
  const before = new WeakMap()
  const seal = ({ entity, databaseEntity }) => {
    if (entity == null) return
    const whole = table.recordId(entity) ?? table.recordId(databaseEntity)
    const filled = Object.fromEntries([...table.indexColumns].map((column) => [column, undefined]))
    before.set(entity, { ...filled, ...entity })
    Object.assign(entity, table.seal({ ...entity, ...filled }, whole))
  }
  const restore = ({ entity }) => {
    if (entity == null || !before.has(entity)) return
    Object.assign(entity, before.get(entity))
    before.delete(entity)
  }
  return {
    listenTo: () => entity,
    beforeInsert: seal,
    beforeUpdate: seal,
    afterInsert: restore,
    afterUpdate: restore,
    afterLoad: (loaded) => {
      const opened = table.open(loaded)
      for (const column of table.indexColumns) if (column in loaded) loaded[column] = undefined
      Object.assign(loaded, opened)
    }
  }
}

module.exports = { Table, matching, subscriber, tokens, transformer }
