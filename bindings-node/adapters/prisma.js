'use strict'

// A client extension for Prisma: writes are encrypted and reads decrypted, nested ones too, and `where` searches.

const { FieldwardError } = require('..')
const { Table, isObject, refuse } = require('./table.js')

const each = (value, change) => Array.isArray(value) ? value.map(change) : change(value)
const LOGIC = new Set(['AND', 'OR', 'NOT'])
const RELATION_FILTERS = ['some', 'every', 'none', 'is', 'isNot']
const RETURNS_ROWS = /^(find(?!.*OrThrow$)|find.*OrThrow$|create$|createManyAndReturn$|update$|updateManyAndReturn$|upsert$|delete$)/

/**
 * @param {Record<string, {table: Table, relations?: Record<string, string>}>} models by the models' names; relations lead to models
 */
function encrypted (models) {
  const walk = new Walk(models)
  return {
    name: 'fieldward',
    query: {
      $allModels: {
        async $allOperations ({ model, operation, args, query }) {
          const result = await query(walk.args(model, operation, args ?? {}))
          return RETURNS_ROWS.test(operation) ? walk.open(model, result) : result
        }
      }
    }
  }
}

class Walk {
  constructor (models) {
    this.models = models
  }

  /** The table of a model, if it has one, and where its relations lead. */
  of (model) {
    return { table: undefined, relations: {}, ...this.models[model] }
  }

  args (model, operation, args) {
    const { table } = this.of(model)
    const sent = { ...args }
    const isUnique = operation.startsWith('findUnique') || ['update', 'upsert', 'delete'].includes(operation)
    if (sent.where !== undefined) sent.where = this.where(model, sent.where, isUnique)
    if (operation === 'create' || operation.startsWith('createMany')) {
      if (sent.data !== undefined) sent.data = each(sent.data, (data) => this.data(model, data, table?.recordId(data)))
    } else if (operation === 'update' || operation.startsWith('updateMany')) {
      sent.data = this.changes(model, sent.data, args.where)
    } else if (operation === 'upsert') {
      sent.create = this.data(model, sent.create, table?.recordId(sent.create))
      sent.update = this.changes(model, sent.update, args.where)
    }
    this.refuseUnsearchable(table, [sent.orderBy].flat(), (order) => Object.keys(order))
    this.refuseUnsearchable(table, [sent.by, sent.distinct].flat(), (column) => [column])
    return this.selection(model, sent)
  }

  refuseUnsearchable (table, given, columnsOf) {
    const columns = given.filter((one) => one != null).flatMap(columnsOf)
    const found = columns.find((column) => table?.columns.has(column))
    if (found !== undefined) refuse(`${found}: envelopes have no order and no groups`)
  }

  /** Nested `where` and `orderBy` of `include` and `select`. */
  selection (model, args) {
    const { relations } = this.of(model)
    const sent = { ...args }
    for (const part of ['include', 'select']) {
      if (!isObject(sent[part])) continue
      sent[part] = Object.fromEntries(Object.entries(sent[part]).map(([name, inner]) =>
        [name, name in relations && isObject(inner) ? this.args(relations[name], 'findMany', inner) : inner]))
    }
    return sent
  }

  /** Data of an update: what it binds is the record that `where` names. */
  changes (model, data, where) {
    const { table } = this.of(model)
    if (table !== undefined && table.idColumns.some((column) => data[column] !== undefined && data[column] !== where?.[column])) {
      throw new FieldwardError('record_id_unexpected', { kind: 'misuse', message: 'what is bound to a record id does not move with an update' })
    }
    return this.data(model, data, table?.recordId(where))
  }

  data (model, data, recordId) {
    const { table, relations } = this.of(model)
    const sent = { ...data }
    if (table !== undefined) {
      for (const column of table.columns.keys()) {
        if (!isObject(sent[column]) || table.columns.get(column).type === 'json') continue
        if (!('set' in sent[column])) refuse(`${column}: only set`)
        sent[column] = sent[column].set
      }
    }
    for (const [name, to] of Object.entries(relations)) {
      if (isObject(sent[name])) sent[name] = this.nested(to, sent[name])
    }
    return table === undefined ? sent : table.seal(sent, recordId)
  }

  /** Writes inside a write. */
  nested (model, write) {
    const { table } = this.of(model)
    const create = (data) => this.data(model, data, table?.recordId(data))
    const change = {
      create,
      createMany: (many) => ({ ...many, data: each(many.data, create) }),
      connectOrCreate: (one) => ({ where: this.where(model, one.where, true), create: create(one.create) }),
      upsert: (one) => ({ ...one, where: one.where && this.where(model, one.where, true), create: create(one.create), update: this.changes(model, one.update, one.where) }),
      update: (one) => isObject(one.data)
        ? { ...one, where: one.where && this.where(model, one.where, true), data: this.changes(model, one.data, one.where) }
        : this.changes(model, one, {}),
      updateMany: (many) => ({ where: this.where(model, many.where), data: this.changes(model, many.data, many.where) }),
      deleteMany: (where) => this.where(model, where)
    }
    return Object.fromEntries(Object.entries(write).map(([kind, value]) => [kind, kind in change ? each(value, change[kind]) : value]))
  }

  where (model, where, isUnique = false) {
    const { table, relations } = this.of(model)
    const sent = {}
    const also = []
    for (const [name, wanted] of Object.entries(where ?? {})) {
      if (LOGIC.has(name)) {
        sent[name] = each(wanted, (inner) => this.where(model, inner))
      } else if (name in relations && isObject(wanted)) {
        const inner = { ...wanted }
        const filters = RELATION_FILTERS.filter((filter) => filter in inner)
        for (const filter of filters) inner[filter] = inner[filter] === null ? null : this.where(relations[name], inner[filter])
        sent[name] = filters.length > 0 ? inner : this.where(relations[name], inner)
      } else if (table?.columns.has(name) && wanted !== undefined) {
        if (isUnique) refuse(`${name}: a search may send several tokens; findFirst and updateMany take them`)
        also.push(...this.condition(table, name, wanted))
      } else {
        sent[name] = wanted
      }
    }
    return also.length === 0 ? sent : { AND: [sent, ...also] }
  }

  /** Conditions of an encrypted column. */
  condition (table, column, wanted) {
    const among = (values) => {
      const found = values.map((value) => table.search(column, value))
      return { column: found[0]?.column ?? column, tokens: found.flatMap(({ tokens }) => tokens) }
    }
    if (wanted === null) return [{ [column]: null }]
    const filter = isObject(wanted) && table.columns.get(column).type !== 'json' ? wanted : { equals: wanted }
    return Object.entries(filter).filter(([, value]) => value !== undefined).map(([kind, value]) => {
      if (value === null && (kind === 'equals' || kind === 'not')) return { [column]: { [kind]: null } }
      const { column: compared, tokens } = kind === 'equals' || kind === 'not'
        ? among([value])
        : kind === 'in' || kind === 'notIn' ? among(value) : refuse(`${column}: ${kind}`)
      return { [compared]: { [kind === 'equals' || kind === 'in' ? 'in' : 'notIn']: tokens } }
    })
  }

  /** Rows that came out, and rows inside of them. */
  open (model, result) {
    if (!isObject(result)) return result
    if (Array.isArray(result)) return result.map((row) => this.open(model, row))
    const { table, relations } = this.of(model)
    const row = table === undefined ? { ...result } : table.open(result)
    for (const [name, to] of Object.entries(relations)) {
      if (row[name] !== undefined) row[name] = this.open(to, row[name])
    }
    return row
  }
}

module.exports = { Table, encrypted }
