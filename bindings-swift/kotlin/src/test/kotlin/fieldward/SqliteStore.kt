package fieldward

import java.io.File
import java.sql.Connection
import java.sql.DriverManager

/** A store as an app would write it: one table, and a save that replaces the row only if it holds what is expected. */
internal class SqliteStore(file: File) : KeyStore {
    private val url = "jdbc:sqlite:${file.path}"

    init {
        connected { it.createStatement().execute("CREATE TABLE IF NOT EXISTS keyrings (id TEXT PRIMARY KEY, document BLOB NOT NULL)") }
    }

    private fun <T> connected(work: (Connection) -> T): T =
        DriverManager.getConnection(url).use { connection ->
            connection.createStatement().execute("PRAGMA busy_timeout = 10000")
            work(connection)
        }

    override suspend fun load(keyringId: String): ByteArray? = connected { it.document(keyringId) }

    override suspend fun save(keyringId: String, expected: DocumentTag?, document: ByteArray, tag: DocumentTag): Boolean =
        connected { connection ->
            // the write lock from the start: nobody else saves between the comparison and the replacement
            connection.createStatement().execute("BEGIN IMMEDIATE")
            val isAsExpected = connection.document(keyringId)?.let(DocumentTag::of) == expected
            if (isAsExpected) {
                connection.prepareStatement("INSERT OR REPLACE INTO keyrings VALUES (?, ?)").use {
                    it.setString(1, keyringId)
                    it.setBytes(2, document)
                    it.executeUpdate()
                }
            }
            connection.createStatement().execute("COMMIT")
            isAsExpected
        }

    private fun Connection.document(keyringId: String): ByteArray? =
        prepareStatement("SELECT document FROM keyrings WHERE id = ?").use {
            it.setString(1, keyringId)
            it.executeQuery().use { row -> if (row.next()) row.getBytes(1) else null }
        }
}
