//! The SQLite tables: rows with a column for each member, or documents; index values beside them.

use std::path::{Path, PathBuf};
use std::time::Duration;

use fieldward::{Cell, EncryptedRecord, FieldCipher, IndexQuery, IndexValue, RecordCipher, Schema, Stored, Value};
use rusqlite::types::{Value as Sql, ValueRef};
use rusqlite::{Connection, OptionalExtension, params, params_from_iter};
use serde_json::{Map, Value as Json};

use super::Failure;

/// A database of encrypted records, by row number.
pub(crate) struct Table {
    pub(crate) path: PathBuf,
    pub(crate) connection: Connection,
    layout: Layout,
}

#[derive(Clone)]
pub(crate) enum Layout {
    /// A column for each member, and one for each index that gives one value.
    Rows { members: Vec<String>, columns: Vec<String> },
    /// One JSON document a row.
    Documents,
}

impl Table {
    pub(crate) fn create(path: &Path, schema: &Schema, members: Option<Vec<String>>) -> Result<Self, Failure> {
        let layout = match members {
            None => Layout::Documents,
            Some(members) => {
                let indexes = schema.fields().iter().flat_map(|field| field.indexes());
                let columns =
                    indexes.filter(|index| !index.transform().is_list()).map(|index| index.column().to_owned());
                Layout::Rows { members, columns: columns.collect() }
            }
        };
        let connection = open(path)?;
        let columns = match &layout {
            Layout::Documents => "document TEXT NOT NULL".to_owned(),
            Layout::Rows { members, columns } => {
                let all = members.iter().chain(columns).map(|name| quoted(name));
                all.collect::<Vec<_>>().join(", ")
            }
        };
        connection.execute_batch(&format!(
            "CREATE TABLE records (row INTEGER PRIMARY KEY, {columns});
             CREATE TABLE tokens (name TEXT NOT NULL, token BLOB NOT NULL, row INTEGER NOT NULL);
             CREATE INDEX tokens_by_token ON tokens (name, token);
             CREATE INDEX tokens_by_row ON tokens (row);"
        ))?;
        if let Layout::Rows { columns, .. } = &layout {
            for column in columns {
                let name = quoted(&format!("by_{column}"));
                connection.execute_batch(&format!("CREATE INDEX {name} ON records ({})", quoted(column)))?;
            }
        }
        Ok(Self { path: path.to_owned(), connection, layout })
    }

    /// The same database over another connection, for another thread.
    pub(crate) fn again(&self) -> Result<Self, Failure> {
        Ok(Self { path: self.path.clone(), connection: open(&self.path)?, layout: self.layout.clone() })
    }

    /// The same database in another process.
    pub(crate) fn existing(path: &Path, members: Option<Vec<String>>) -> Result<Self, Failure> {
        let layout = members.map_or(Layout::Documents, |members| Layout::Rows { members, columns: Vec::new() });
        Ok(Self { path: path.to_owned(), connection: open(path)?, layout })
    }

    /// The names of the members, where each has a column.
    pub(crate) fn members(&self) -> Option<&[String]> {
        if let Layout::Rows { members, .. } = &self.layout { Some(members) } else { None }
    }

    pub(crate) fn insert(&self, row: usize, record: &EncryptedRecord) -> Result<(), Failure> {
        let row = i64::try_from(row)?;
        match &self.layout {
            Layout::Documents => {
                let document = serde_json::to_string(&record.to_document()?)?;
                self.connection
                    .prepare_cached("INSERT INTO records VALUES (?1, ?2)")?
                    .execute(params![row, document])?;
            }
            Layout::Rows { members, columns } => {
                let marks = vec!["?"; 1 + members.len() + columns.len()].join(",");
                let cells = members.iter().map(|name| cell_sql(record.cell(name)));
                let indexed = columns.iter().map(|name| index_sql(record.index_value(name)));
                let all: Vec<Sql> = std::iter::once(Sql::Integer(row)).chain(cells).chain(indexed).collect();
                let mut statement = self.connection.prepare_cached(&format!("INSERT INTO records VALUES ({marks})"))?;
                statement.execute(params_from_iter(all))?;
            }
        }
        let mut statement = self.connection.prepare_cached("INSERT INTO tokens VALUES (?1, ?2, ?3)")?;
        for (column, value) in record.index_values() {
            if self.has_column(column) {
                continue;
            }
            for token in value.all() {
                statement.execute(params![column, token, row])?;
            }
        }
        Ok(())
    }

    /// Replaces a row whole.
    pub(crate) fn update(&self, row: usize, record: &EncryptedRecord) -> Result<(), Failure> {
        let number = i64::try_from(row)?;
        self.connection.prepare_cached("DELETE FROM records WHERE row = ?1")?.execute([number])?;
        self.connection.prepare_cached("DELETE FROM tokens WHERE row = ?1")?.execute([number])?;
        self.insert(row, record)
    }

    pub(crate) fn read(&self, row: usize, cipher: &RecordCipher) -> Result<EncryptedRecord, Failure> {
        let number = i64::try_from(row)?;
        let mut statement = self.connection.prepare_cached("SELECT * FROM records WHERE row = ?1")?;
        let record = statement.query_row([number], |found| {
            let mut record = EncryptedRecord::new();
            match &self.layout {
                Layout::Documents => {
                    let text: String = found.get(1)?;
                    let document: Map<String, Json> = serde_json::from_str(&text).unwrap_or_default();
                    record = cipher.read_document(&document);
                }
                Layout::Rows { members, .. } => {
                    for name in members {
                        let spec = cipher.schema().field(name).filter(|field| field.path().as_name() == Some(name));
                        record = record.with(name, cell_of(found.get_ref(name.as_str())?, spec.is_some()));
                    }
                }
            }
            Ok(record)
        });
        Ok(record?)
    }

    /// How many rows there are.
    pub(crate) fn len(&self) -> Result<usize, Failure> {
        let rows: i64 = self.connection.query_row("SELECT count(*) FROM records", [], |row| row.get(0))?;
        Ok(usize::try_from(rows)?)
    }

    /// The rows that answer a query, in order. Of a list (words), every token must be there.
    pub(crate) fn find(&self, query: &IndexQuery) -> Result<Vec<usize>, Failure> {
        let mut found: Option<Vec<i64>> = None;
        for token in query.tokens() {
            let sql = match self.has_column(query.column()) {
                true => format!("SELECT row FROM records WHERE {} = ?1 ORDER BY row", quoted(query.column())),
                false => "SELECT DISTINCT row FROM tokens WHERE name = ?2 AND token = ?1 ORDER BY row".to_owned(),
            };
            let mut statement = self.connection.prepare_cached(&sql)?;
            let rows = match self.has_column(query.column()) {
                true => statement.query_map(params![token], |row| row.get(0))?.collect::<Result<Vec<i64>, _>>()?,
                false => statement
                    .query_map(params![token, query.column()], |row| row.get(0))?
                    .collect::<Result<Vec<i64>, _>>()?,
            };
            found = Some(match found {
                None => rows,
                Some(before) => before.into_iter().filter(|row| rows.contains(row)).collect(),
            });
        }
        Ok(found.unwrap_or_default().into_iter().map(usize::try_from).collect::<Result<_, _>>()?)
    }

    /// The rows whose deterministic column holds one of the value's tokens.
    pub(crate) fn find_deterministic(&self, field: &FieldCipher, value: &Value) -> Result<Vec<usize>, Failure> {
        let name = field.spec().path().as_name().ok_or("a nested deterministic field")?.to_owned();
        let place = match &self.layout {
            Layout::Rows { .. } => quoted(&name),
            Layout::Documents => format!("json_extract(document, '$.{}')", quoted(&name)),
        };
        let mut rows = Vec::new();
        for token in field.tokens(value)? {
            let mut statement =
                self.connection.prepare_cached(&format!("SELECT row FROM records WHERE {place} = ?1"))?;
            let found = statement.query_map([stored_sql(&token)], |row| row.get(0))?;
            for row in found {
                let row: i64 = row?;
                rows.push(usize::try_from(row)?);
            }
        }
        rows.sort_unstable();
        Ok(rows)
    }

    /// Makes an index's column unique; an error names the duplicate's column only.
    pub(crate) fn make_unique(&self, column: &str) -> Result<(), Failure> {
        let sql = match self.has_column(column) {
            true => format!("CREATE UNIQUE INDEX one_each ON records ({})", quoted(column)),
            false => {
                format!("CREATE UNIQUE INDEX one_each ON tokens (token) WHERE name = '{}'", column.replace('\'', "''"))
            }
        };
        Ok(self.connection.execute_batch(&sql)?)
    }

    /// A cell of a row as it is stored, and the other way round: plain SQL, as an attacker has it.
    pub(crate) fn raw(&self, row: usize, column: &str) -> Result<Option<Sql>, Failure> {
        let sql = format!("SELECT {} FROM records WHERE row = ?1", quoted(column));
        Ok(self.connection.query_row(&sql, [i64::try_from(row)?], |found| found.get(0)).optional()?)
    }

    pub(crate) fn overwrite(&self, row: usize, column: &str, value: &Sql) -> Result<(), Failure> {
        let sql = format!("UPDATE records SET {} = ?2 WHERE row = ?1", quoted(column));
        self.connection.execute(&sql, params![i64::try_from(row)?, value])?;
        Ok(())
    }

    fn has_column(&self, column: &str) -> bool {
        matches!(&self.layout, Layout::Rows { columns, .. } if columns.iter().any(|other| other == column))
    }
}

/// Large pages, so that a row stays in one piece and a scan sees it whole; a write-ahead log, so that there is one to scan.
pub(crate) fn open(path: &Path) -> Result<Connection, Failure> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(Duration::from_secs(30))?;
    connection.execute_batch("PRAGMA page_size = 65536; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;")?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(connection)
}

pub(crate) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn cell_sql(cell: Option<&Cell>) -> Sql {
    match cell {
        Some(Cell::Stored(stored)) => stored_sql(stored),
        Some(Cell::Clear(Json::String(text))) => Sql::Text(text.clone()),
        Some(Cell::Clear(Json::Null)) | None => Sql::Null,
        Some(Cell::Clear(json)) => Sql::Text(json.to_string()),
        Some(_) => Sql::Null,
    }
}

fn stored_sql(stored: &Stored) -> Sql {
    match stored {
        Stored::Null => Sql::Null,
        Stored::Bytes(bytes) => Sql::Blob(bytes.clone()),
        Stored::Text(text) => Sql::Text(text.clone()),
    }
}

fn index_sql(value: Option<&IndexValue>) -> Sql {
    value.and_then(IndexValue::bytes).map_or(Sql::Null, |bytes| Sql::Blob(bytes.to_vec()))
}

fn cell_of(found: ValueRef<'_>, is_encrypted: bool) -> Cell {
    match (found, is_encrypted) {
        (ValueRef::Null, true) => Cell::Stored(Stored::Null),
        (ValueRef::Blob(bytes), _) => Cell::Stored(Stored::Bytes(bytes.to_vec())),
        (ValueRef::Text(text), true) => Cell::Stored(Stored::Text(String::from_utf8_lossy(text).into_owned())),
        (ValueRef::Text(text), false) => Cell::Clear(Json::String(String::from_utf8_lossy(text).into_owned())),
        (ValueRef::Integer(number), _) => Cell::Clear(number.into()),
        (ValueRef::Real(number), _) => Cell::Clear(number.into()),
        (ValueRef::Null, false) => Cell::Clear(Json::Null),
    }
}
