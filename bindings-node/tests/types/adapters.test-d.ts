// The types of the adapters, with the packages that they are for. Compiled by tsd, never run.

import { Schema as Model } from 'mongoose'
import { blob, customType, sqliteTable, text } from 'drizzle-orm/sqlite-core'
import { EntitySchema } from 'typeorm'
import type { DataSourceOptions, EntitySubscriberInterface, ValueTransformer } from 'typeorm'
import { expectAssignable, expectError, expectType } from 'tsd'
import type { Field, Keyring, RecordId, Schema } from '../../index.js'
import * as drizzle from '../../adapters/drizzle.js'
import * as mongoose from '../../adapters/mongoose.js'
import * as prisma from '../../adapters/prisma.js'
import * as typeorm from '../../adapters/typeorm.js'

declare const keyring: Keyring
declare const schema: Schema
declare const field: Field

// --- the table, which each of them has
const table = new prisma.Table(keyring, schema, { tenant: 'north' })
for (const other of [drizzle.Table, mongoose.Table, typeorm.Table]) expectType<typeof prisma.Table>(other)
expectType<RecordId | undefined>(table.recordId({ id: 'p-7' }))
expectType<string>(table.search('ssn', '999-41-1234').column)
expectError(table.search('ssn'))
expectError(table.seal('a row'))
expectError(new prisma.Table(schema, keyring))
expectError(new prisma.Table(keyring, schema, { strict: true }))

// --- Prisma
prisma.encrypted({ Patient: { table, relations: { visits: 'Visit' } }, Visit: {} })
expectError(prisma.encrypted({ Patient: table }))
expectError(prisma.encrypted({ Patient: { table: schema } }))
expectError(prisma.encrypted({ Patient: { relation: { visits: 'Visit' } } }))

// --- Drizzle
const patients = sqliteTable('patients', {
  id: text().primaryKey(),
  ssn: blob(),
  note: drizzle.encrypted(customType, 'blob', keyring, schema, 'note')('note')
})
expectType<string>(patients.note.name)
expectError(drizzle.encrypted('blob', 'blob', keyring, schema, 'note'))
expectError(drizzle.encrypted(customType, 'blob', keyring, 'patients', 'note'))
expectType<any[]>(drizzle.tokens(field, 'a', null))
expectError(drizzle.tokens(schema, 'a'))

// --- TypeORM
expectAssignable<ValueTransformer>(typeorm.transformer(keyring, schema, 'note', { exact: true }))
expectError(typeorm.transformer(keyring, schema))
expectError(typeorm.transformer(keyring, 'patients', 'note'))
const entity = new EntitySchema<{ id: string }>({ name: 'Patient', columns: { id: { type: 'text', primary: true } } })
expectAssignable<EntitySubscriberInterface | Function>(typeorm.subscriber(entity, table))
expectAssignable<DataSourceOptions['subscribers']>([typeorm.subscriber(class {}, table)])
expectError(typeorm.subscriber(entity, schema))
expectError(typeorm.matching(schema, 'ssn', 'a'))
expectError(typeorm.matching(table))

// --- Mongoose
const model = new Model({ _id: String, ssn: Model.Types.Mixed })
model.plugin(mongoose.encrypted, { table })
expectError(model.plugin(mongoose.encrypted, { schema }))
expectError(mongoose.encrypted(model))
expectError(mongoose.encrypted(model, table))
